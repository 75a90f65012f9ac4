"""A roster: a CSV file with a line for each student, as a document like that of a class file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors
from labkit.classroom import cells, model
from labkit.spec import document as documents
from labkit.spec import place, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COLUMNS = ("name", *model.StudentEntry.model_fields)
_NUMBERS = {"cpus", "vlan"}


def compose(text: str, file: str) -> documents.Document:
    """Read a roster into the data of `students:`; what is wrong with single rows is in `problems`.

    Raises:
        errors.FileError: The text is no roster at all.
    """
    lines = list(cells.rows(text, file))
    if not lines:
        hint = "begin with the line 'name,display,mail', then write a line for each student"
        raise errors.FileError([errors.Problem(file, 1, 1, "the roster is empty", hint)])
    head, *rows = lines
    columns = _columns(head, file)
    if len(rows) > model.MOST:
        message = f"the roster has {len(rows)} students, and a class has at most {model.MOST}"
        hint = "make several classes of them"
        raise errors.FileError(
            [errors.Problem(file, rows[model.MOST][0].at.line, 1, message, hint)]
        )
    builder = _Builder(file, columns)
    for row in rows:
        builder.add(row)
    data = {"students": builder.students}
    keys = builder.places
    return documents.Document(file, data, keys, keys, tuple(builder.problems), frozenset())


def _columns(head: cells.Row, file: str) -> tuple[str, ...]:
    names = tuple(cell.text.lower() for cell in head)
    problems = list(_wrong_columns(head, names, file))
    if not problems and "name" not in names:
        message, hint = "the roster has no column 'name'", f"columns are: {', '.join(COLUMNS)}"
        problems.append(errors.Problem(file, head[0].at.line, 1, message, hint))
    if problems:
        raise errors.FileError(problems)
    return names


def _wrong_columns(head: cells.Row, names: Sequence[str], file: str) -> Iterator[errors.Problem]:
    for number, (cell, name) in enumerate(zip(head, names, strict=True)):
        where = (file, cell.at.line, cell.at.column)
        if name not in COLUMNS:
            hint = words.nearest(name, COLUMNS, otherwise="columns are:")
            yield errors.Problem(*where, f"unknown column {words.show(cell.text)}", hint)
        elif name in names[:number]:
            message = f"the column {words.show(cell.text)} is there twice"
            yield errors.Problem(*where, message, "leave one of them out")


class _Builder:
    """Turns rows into entries, and collects what is wrong on the way."""

    def __init__(self, file: str, columns: Sequence[str]) -> None:
        self._file, self._columns = file, columns
        self.students: dict[str, dict[str, object]] = {}
        self.places: dict[place.Path, place.Position] = {
            (): place.START,
            ("students",): place.START,
        }
        self.problems: list[errors.Problem] = []

    def add(self, row: cells.Row) -> None:
        if len(row) > len(self._columns):
            extra = row[len(self._columns)]
            message = f"the line has {len(row)} values for {len(self._columns)} columns"
            self._complain(extra.at, message, "put a value that holds a separator in quotes")
            return
        found = {name: cell for name, cell in zip(self._columns, row, strict=False) if cell.text}
        name = found.pop("name", None)
        if name is None:
            self._complain(row[0].at, "the line has no name", "give the student one")
        elif name.text in self.students:
            first = self.places["students", name.text].line
            message = f"the name {words.show(name.text)} is in line {first} already"
            self._complain(name.at, message, "give each student another name")
        else:
            self.places["students", name.text] = name.at
            for key, cell in found.items():
                self.places["students", name.text, key] = cell.at
            self.students[name.text] = {key: _value(key, cell.text) for key, cell in found.items()}

    def _complain(self, at: place.Position, message: str, hint: str) -> None:
        self.problems.append(errors.Problem(self._file, at.line, at.column, message, hint))


def _value(key: str, text: str) -> object:
    """Return a cell's value: a spreadsheet knows no types, and the class file has numbers."""
    is_number = key in _NUMBERS and text.isascii() and text.isdecimal() and len(text) < len("10000")
    return int(text) if is_number else text
