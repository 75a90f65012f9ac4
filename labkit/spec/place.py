"""Places in a file, and paths to values in it."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""The keys and list indexes that lead to a value, for example `("dns", "servers", 0)`."""


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Position:
    """A line and a column, both counted from 1."""

    line: int
    column: int

    @classmethod
    def in_text(cls, text: str, offset: int) -> Position:
        """Return the position of the character at an offset."""
        before = text[:offset]
        return cls(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


START = Position(1, 1)


def is_private(path: Path) -> bool:
    """Say whether messages must not repeat a value: people may have written a secret there."""
    return path[:1] == ("secrets",) or path[-1:] == ("sudo_password",)
