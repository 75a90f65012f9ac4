"""The part of a text that a page shows: a machine may print ten megabytes in one line."""

from __future__ import annotations

import difflib
import itertools

LINES = 40
WIDTH = 400
"""Characters of a line."""
_COMPARED = 400
"""Lines that are compared; comparing costs the square of their number."""
_CUT = "…"


def cut(text: str, *, lines: int = LINES, width: int = WIDTH) -> str:
    """Return a text's first lines, none of them long; what was cut is said."""
    head = text[: lines * (width + 1)].split("\n")
    shown = "\n".join(_short(each, width) for each in head[:lines])
    if len(head) > lines or len(text) > lines * (width + 1):
        return f"{shown}\n{_CUT} the first {lines} lines of {len(text)} characters"
    return shown


def line(text: str, *, width: int = WIDTH) -> str:
    """Return a text's beginning as one line."""
    return _short(" ".join(text[: width + 1].split("\n")), width)


def differing(there: str, expected: str, *, context: int = 1) -> tuple[tuple[str, str], ...] | None:
    """Return the lines in which two texts differ, each with `-`, `+`, `@` or a blank before it.

    None where one line or nothing is expected: such texts are shown as they are.
    """
    if "\n" not in expected[:_COMPARED].strip():
        return None
    old, new = (cut(each, lines=_COMPARED).split("\n") for each in (there, expected))
    both = difflib.unified_diff(old, new, lineterm="", n=context)
    found = list(itertools.islice(both, 2, LINES + 3))  # without the names of files
    marked = tuple((each[:1], each[1:]) for each in found[:LINES])
    return (*marked, ("@", _CUT)) if len(found) > LINES else marked


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[:width]}{_CUT}"
