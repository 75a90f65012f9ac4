"""A class has students, and they are written in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.classroom import load


def check(spec: load.Spec) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    students, roster = bool(spec.file.students), spec.file.roster is not None
    document = spec.document
    if students and roster:
        message = "the class has both 'roster' and 'students'"
        where = document.locate_key(("students",))
        yield document.problem(where, message, "put all students into one of them")
    elif not spec.students.students:
        hint = "name a CSV file: 'roster: roster.csv', or write them under 'students:'"
        hint = "write a line for each student under the first one" if roster else hint
        yield spec.rows.problem(spec.rows.locate(("students",)), "the class has no students", hint)
