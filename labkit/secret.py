"""A value that must be seen by one machine and by nobody else."""

from __future__ import annotations

SHOWN = "Secret(***)"
"""What is shown in the place of every secret."""


class Secret:
    """Text that shows itself only when asked by `reveal`; str, repr and reports show stars."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        """Hide the text."""
        return SHOWN

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        """Compare the texts."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Hash the text."""
        return hash(self._text)
