"""CSV as spreadsheets write it (RFC 4180), where each cell knows its line and column. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors
from labkit.spec import place

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEPARATORS = (",", ";", "\t")
"""Of which a spreadsheet takes the one that its language does not use in numbers."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One value, and where it begins."""

    text: str
    """Without the blanks around it."""
    at: place.Position


Row = tuple[Cell, ...]


def rows(text: str, file: str) -> Iterator[Row]:
    """Yield the rows that hold anything.

    Raises:
        errors.FileError: A quote is not closed, or text follows one.
    """
    head = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    reader = _Reader(text, file, separator)
    while not reader.at_end:
        row = tuple(reader.row())
        if any(cell.text for cell in row):
            yield row


class _Reader:
    """Goes through a text once."""

    def __init__(self, text: str, file: str, separator: str) -> None:
        self._text = text.replace("\r\n", "\n").replace("\r", "\n")
        self._file, self._separator = file, separator
        self._next, self._line, self._start = 0, 1, 0

    @property
    def at_end(self) -> bool:
        return self._next >= len(self._text)

    def row(self) -> Iterator[Cell]:
        while True:
            yield self._cell()
            if self.at_end or self._take() == "\n":
                return

    def _take(self) -> str:
        character = self._text[self._next]
        self._next += 1
        if character == "\n":
            self._line, self._start = self._line + 1, self._next
        return character

    def _here(self) -> place.Position:
        return place.Position(self._line, self._next - self._start + 1)

    def _cell(self) -> Cell:
        at = self._here()
        if not self.at_end and self._text[self._next] == '"':
            return Cell(self._quoted(at).strip(), at)
        begin = self._next
        while not self.at_end and self._text[self._next] not in (self._separator, "\n"):
            self._next += 1
        return Cell(self._text[begin : self._next].strip(), at)

    def _quoted(self, at: place.Position) -> str:
        self._take()
        found: list[str] = []
        while not self.at_end:
            character = self._take()
            if character != '"':
                found.append(character)
            elif not self.at_end and self._text[self._next] == '"':
                found.append(self._take())
            elif self.at_end or self._text[self._next] in (self._separator, "\n"):
                return "".join(found)
            else:
                raise self._wrong(
                    self._here(),
                    "there is text after the closing quote",
                    "write two quotes for one inside a value",
                )
        raise self._wrong(
            at, "the quote that begins here is not closed", "end the value with a quote"
        )

    def _wrong(self, at: place.Position, message: str, hint: str) -> errors.FileError:
        return errors.FileError([errors.Problem(self._file, at.line, at.column, message, hint)])
