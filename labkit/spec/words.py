"""How values and choices are written in messages."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN = 60
"""Characters of a value that a message repeats."""


def show(value: object) -> str:
    """Render a value from a file for a message: short, on one line, without terminal controls."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            text = value if len(value) <= SHOWN else f"{value[:SHOWN]}..."
            return f"'{''.join(_visible(character) for character in text)}'"
        case dict():
            return "a mapping"
        case tuple() | list():
            return "a list"
        case _:
            return f"'{value}'"


def kind(value: object) -> str:
    """Say what sort of value it is, without the value."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case _:
            return show(value)


def one_of(choices: Iterable[str], last: str = "or") -> str:
    """Join choices as a sentence does: 'a, b or c'."""
    *others, final = choices
    return f"{', '.join(others)} {last} {final}" if others else final


def nearest(name: str, known: Iterable[str], *, otherwise: str) -> str:
    """Return a hint: the known name nearest to the given one, or all of them.

    Args:
        name: What was written.
        known: What could have been meant.
        otherwise: The words in front of the whole list, for example "known images:".
    """
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return f"did you mean '{close[0]}'?" if close else f"{otherwise} {', '.join(names)}"


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
