"""Names that look alike on paper and on a board.

A small part of Unicode's confusables (UTS 39, section 4): the letters of other scripts that are
drawn as a Latin letter is, and the pairs inside ASCII that people misread.
"""

from __future__ import annotations

import unicodedata

_CYRILLIC = dict(
    zip(
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d",
        "aeopcyxijshdqw",
        strict=True,
    )
)
_GREEK = dict(zip("\u03bf\u03b1\u03bd\u03c1\u03b9\u03ba\u03c5\u03c7", "oavpikux", strict=True))
_OTHER = {"\u0131": "i", "\u0251": "a", "\u0261": "g"}
_LETTERS = str.maketrans(_CYRILLIC | _GREEK | _OTHER)
_DIGITS = str.maketrans({"0": "o", "1": "l"})
_PAIRS = (("rn", "m"), ("vv", "w"))


def skeleton(text: str, *, digits: bool = True) -> str:
    """Return what two texts have in common when they look alike.

    Args:
        text: A name.
        digits: Take 0 for o, 1 for l, and the pairs that people misread, too.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    if not digits:
        return plain
    plain = plain.translate(_DIGITS)
    for pair, one in _PAIRS:
        plain = plain.replace(pair, one)
    return " ".join(plain.split())


def foreign(text: str) -> str:
    """Return the first character that only looks like one of ASCII; nothing when there is none."""
    for each in text:
        if not each.isascii() and each.casefold().translate(_LETTERS).isascii():
            return each
    return ""
