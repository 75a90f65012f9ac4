"""The one way for a value into a Vagrantfile, which is a Ruby program.

`ruby` turns a value into a Ruby literal; `environment` makes a Jinja environment that refuses
every value that did not pass through it, so that a forgotten filter is an error and not a hole.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from typing import TYPE_CHECKING

import jinja2

if TYPE_CHECKING:
    import pathlib

# Control characters (Unicode category Cc): Ruby reads CR LF as LF even inside a literal, and none
# of them belongs in a name. Surrogates (Cs) have no form in UTF-8, in which Ruby reads its source.
_UNQUOTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_QUOTABLE = (
    str,
    uuid.UUID,
    ipaddress.IPv4Address,
    ipaddress.IPv4Interface,
    ipaddress.IPv4Network,
)


class RubyText(str):
    """Text that is a Ruby literal already. Whatever is made of it by editing is plain text."""

    __slots__ = ()


class UnquotedError(TypeError):
    """A template prints a value that did not pass the filter `ruby`."""


def ruby(value: object) -> RubyText:
    r"""Write a value as a Ruby literal.

    Text becomes a single-quoted literal, in which Ruby knows no interpolation and no escapes other
    than `\\` and `\'` (Ruby's doc/syntax/literals.rdoc).

    Raises:
        ValueError: The text holds a character that has no place in a literal.
        TypeError: There is no literal for this kind of value.
        jinja2.UndefinedError: The template names a value that does not exist.
    """
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises the error, which names what is missing
    if isinstance(value, bool):
        return RubyText("true" if value else "false")
    if isinstance(value, int):
        return RubyText(int(value))
    if not isinstance(value, _QUOTABLE):
        raise TypeError(f"a Ruby literal cannot be made of {type(value).__name__}")
    text = str(value)
    if found := _UNQUOTABLE.search(text):
        raise ValueError(f"a Ruby literal cannot hold U+{ord(found.group()):04X}: {text!r}")
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return RubyText(f"'{escaped}'")


def environment(folder: pathlib.Path) -> jinja2.Environment:
    """Make the Jinja environment for the Ruby templates of a folder."""
    # Autoescape would write HTML entities, which Ruby does not read; `finalize` below is the
    # stronger counterpart: it does not repair what was forgotten, it refuses it.
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        finalize=_only_quoted,
        autoescape=False,  # noqa: S701 - see above
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["ruby"] = ruby
    return found


def _only_quoted(value: object) -> object:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises the error, which names what is missing
    # bool is an int to Python, but Python's `True` is a constant to Ruby.
    if isinstance(value, RubyText) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise UnquotedError(f"{value!r} is printed without the filter `ruby`")
