"""Pieces of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; what would end a cell is escaped."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def code(text: str, language: str = "") -> str:
    """Return a block of code, fenced so that nothing in it can end it."""
    fence = "```"
    while fence in text:
        fence += "`"
    end = "" if text.endswith("\n") else "\n"
    return f"{fence}{language}\n{text}{end}{fence}"


def word(text: object) -> str:
    """Return a value as code inside a sentence or a cell."""
    return f"`{text}`"


def one_of(choices: Iterable[str]) -> str:
    """Join choices as a sentence does."""
    *others, last = (word(choice) for choice in choices)
    return f"{', '.join(others)} or {last}" if others else last


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
