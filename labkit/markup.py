"""The one way for a value into HTML and XML: as text, or in a quoted attribute.

Sources: Extensible Markup Language 1.0 (fifth edition), sections 2.2, 2.11 and 3.3.3; the HTML
standard, section 13.2.5. A value never becomes a tag's or an attribute's name, a comment, or text
of a script or style element: those have no quoting that holds in both languages.
"""

from __future__ import annotations

import re

from labkit import secret

# The apostrophe as a number: its name, &apos;, is unknown to HTML 4. Line ends and tabs as numbers:
# a parser makes a line feed of a carriage return, and a blank of each of them in an attribute.
_QUOTED = {ord(each): f"&#{ord(each)};" for each in "'\"\t\n\r"} | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}

# What XML 1.0 forbids: most control characters, surrogates and two noncharacters. C1 controls are
# allowed there, but stand for letters in HTML. The rest are the marks that change the reading
# direction (UAX 9), with which a text shows as another one.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def quote(value: object) -> str:
    r"""Write a value for HTML and XML, between tags or between the quotes of an attribute.

    A parser reads the value back, except that characters which a document cannot hold, or which
    would show as something else, are written as their escapes: U+0000 as the four characters
    `\x00`.

    Raises:
        TypeError: The value is a secret; whoever means it must say so (`secret.Secret.reveal`).
    """
    if isinstance(value, secret.Secret):
        raise TypeError("a secret must be revealed to be written into a document")
    return printable(str(value)).translate(_QUOTED)


def printable(text: str) -> str:
    """Return a text in which every character that a document cannot show is an escape."""
    return _UNPRINTABLE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
