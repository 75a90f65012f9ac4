"""No two students have names that look alike, nor names for people that do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.classroom import lookalike
from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.classroom import load


def check(spec: load.Spec) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    names: dict[str, str] = {}
    shown: dict[str, str] = {}
    for name, entry in spec.students.students.items():
        other = names.setdefault(lookalike.skeleton(name), name)
        if other != name:
            hint = "people will take one for the other: choose a name that differs more"
            yield spec.problem(name, "", f"'{name}' looks like '{other}'", hint)
        if entry.display is None:
            continue
        other = shown.setdefault(lookalike.skeleton(entry.display), name)
        if other != name:
            same = spec.students.students[other].display == entry.display
            what = "is the same as" if same else "looks like"
            message = f"the name {words.show(entry.display)} {what} that of '{other}'"
            hint = "add what tells them apart, for example a number in brackets"
            yield spec.problem(name, "display", message, hint)
