"""Make what a machine printed harmless for a terminal: no control sequences, no endless lines."""

from __future__ import annotations

import re

_LONGEST = 300
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]")
"""Control sequences of ECMA-48, which consoles use for colours and the cursor."""


def line(text: str) -> str:
    """Return text as one short line in which every control character can be seen."""
    shown = "".join(_visible(character) for character in text[: _LONGEST + 1])
    return shown if len(text) <= _LONGEST else f"{shown[:_LONGEST]}..."


def console(text: str, count: int) -> str:
    """Return the last lines of a machine's console, without colours and empty lines."""
    plain = _SEQUENCE.sub("", text)
    filled = [each.strip() for each in plain.splitlines() if each.strip()]
    return "\n".join(line(each) for each in filled[-count:])


def lines(text: str) -> str:
    """Do the same for each line of a text."""
    return "\n".join(line(each) for each in text.splitlines())


def whole(text: str) -> str:
    """Return a text with its own lines and tabs, never shortened; what else controls is seen."""
    return "".join(each if each in "\n\t" else _visible(each) for each in text)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
