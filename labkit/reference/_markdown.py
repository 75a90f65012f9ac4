"""Pieces of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NOTE = "<!-- Made by `python -m labkit.reference` from the code; do not edit. -->"


def page(title: str, *parts: str) -> str:
    """Join a page's parts under its title."""
    return "\n\n".join((NOTE, f"# {title}", *(part.strip("\n") for part in parts if part))) + "\n"


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


def dump(data: Any) -> str:  # noqa: ANN401 - whatever YAML can hold
    """Return data as YAML, in their own order."""
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=90)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
