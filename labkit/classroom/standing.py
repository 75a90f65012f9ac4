"""What each student's lab is doing, looked at without a task of its own; changes nothing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeAlias

from labkit import errors, parallel, providers, workspace
from labkit.providers import base

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.classroom import plan
    from labkit.ssh import keyring


States: TypeAlias = "Mapping[str, base.State] | Exception"
"""What the machines of one lab are doing, or why that could not be seen."""


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """One student's lab."""

    machines: Mapping[str, base.State]
    verified: bool
    """Whether every machine has run since it was verified."""
    error: str = ""
    """Why nothing could be seen."""

    @property
    def running(self) -> int:
        """How many machines run."""
        return sum(state is base.State.RUNNING for state in self.machines.values())

    @property
    def word(self) -> str:
        """One word for all of it."""
        if self.error:
            return "unknown"
        if self.running == len(self.machines):
            return "verified" if self.verified else "up"
        if self.running:
            return "partly"
        made = any(state is not base.State.ABSENT for state in self.machines.values())
        return "stopped" if made else "absent"


def look(room: plan.Classroom, students: Sequence[plan.Student]) -> dict[str, Standing]:
    """Look at the labs of students, many at once: each provider in its way."""
    known = {student.name: student for student in students}
    made = parallel.each(known, lambda student: provider(room, student))
    hands = {name: each for name, each in made.items() if isinstance(each, base.Provider)}
    found: dict[str, States] = {n: each for n, each in made.items() if isinstance(each, Exception)}
    for kind in {type(each) for each in hands.values()}:
        found |= kind.statuses({name: each for name, each in hands.items() if type(each) is kind})
    looked = parallel.each(known, lambda student: _one(room, student, found[student.name]))
    return {name: _standing(each) for name, each in looked.items()}


def provider(room: plan.Classroom, student: plan.Student) -> base.Provider:
    """Return what makes a student's machines, for looking at them.

    Raises:
        errors.LabError: labkit does not run that provider.
    """
    lab = room.labs[student.name]
    return providers.create(lab, space(room, student), _no_keys, lambda _: None)


def space(room: plan.Classroom, student: plan.Student) -> workspace.Workspace:
    """Return the workspace of a student's lab."""
    return workspace.Workspace(room.home(student), student.lab)


def _one(room: plan.Classroom, student: plan.Student, states: States) -> Standing:
    if isinstance(states, Exception):
        raise states
    marks = space(room, student).ledger.machines()
    verified = all(
        state is base.State.RUNNING and marks.get(name) is workspace.Mark.VERIFIED
        for name, state in states.items()
    )
    return Standing(states, verified)


def _standing(found: Standing | Exception) -> Standing:
    if isinstance(found, errors.LabError):
        return Standing({}, verified=False, error=found.message)
    if isinstance(found, Exception):
        raise found
    return found


def _no_keys() -> keyring.Keyring:
    raise AssertionError("looking at machines needs no keys")
