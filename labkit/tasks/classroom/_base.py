"""What the tasks of a class have in common."""

from __future__ import annotations

import functools
import json
import pathlib
import platform
from typing import TYPE_CHECKING

import rich.markup

from labkit import console, errors, visible
from labkit.classroom import act, load, queue
from labkit.spec import host, words
from labkit.tasks import base

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labkit.classroom import plan

HELP = {
    **base.HELP,
    "file": "the class file (default: class.yml)",
    "only": "this student only; may be given several times (LAB_ONLY, separated by commas)",
    "jobs": "labs to work on at the same time (default: as the class file says, or the processors)",
    "keep_going": "begin no other lab once one has failed (default: go on)",
    "host": "the host of the class that this is (default: the one of this name, or the only one)",
}
"""Help for the options that several tasks share."""

task = functools.partial(
    base.task, words=HELP, interrupted="interrupted; 'class.up' continues, 'class.destroy' removes"
)
"""As `base.task`, in the words of a class."""


def open_class(file: str) -> plan.Classroom:
    """Read the class file that the options name."""
    return load.load(pathlib.Path(file or "class.yml"), host.here())


def choose(room: plan.Classroom, only: list[str], name: str) -> tuple[plan.Student, ...]:
    """Return the students that the options name, of those whose labs are on this host.

    Raises:
        errors.LabError: A name is unknown, or a lab is elsewhere.
    """
    here = _host(room, name)
    named = base.chosen(only)
    students = room.choose(named)
    for student in students if named else ():
        if student.host.name != here:
            raise errors.LabError(
                f"the lab of '{student.name}' is on host '{student.host.name}', "
                f"and this is '{here}'",
                hint=f"run it there, or say that this is it: --host {student.host.name}",
            )
    return tuple(student for student in students if student.host.name == here)


def host_of(room: plan.Classroom, students: Sequence[plan.Student]) -> plan.Host:
    """Return the host of students who were chosen; the class's first one when there are none."""
    return students[0].host if students else room.hosts[0]


def _host(room: plan.Classroom, name: str) -> str:
    known = [each.name for each in room.hosts]
    own = platform.node().partition(".")[0].lower()
    if name and name not in known:
        otherwise = "hosts are:" if room.hosts[0].name else "the class file names no hosts"
        hint = words.nearest(name, filter(None, known), otherwise=otherwise).strip()
        raise errors.LabError(f"class '{room.name}' has no host {words.show(name)}", hint=hint)
    if name or own in known or len(known) == 1:
        return name or (own if own in known else known[0])
    raise errors.LabError(
        f"this host, '{own}', is none of class '{room.name}'",
        hint=f"say which one it is: --host {known[0]}; hosts are: {', '.join(known)}",
    )


def run(
    room: plan.Classroom, students: Sequence[plan.Student], how: act.How
) -> Mapping[str, queue.Outcome]:
    """Do a task for students, with a live view of a row for each of them."""
    return act.act(room, students, how, console.Progress(noun="student"))


def show(room: plan.Classroom, outcomes: Mapping[str, queue.Outcome], *, as_json: bool) -> None:
    """Show how it ended, and end the run with the exit code of the first student that failed."""
    if as_json:
        print(json.dumps(document(room, outcomes), indent=2))
    else:
        for line in summary(outcomes):
            console.out.print(rich.markup.escape(line), soft_wrap=True)
    base.leave(queue.worst(outcomes))


def document(room: plan.Classroom, outcomes: Mapping[str, queue.Outcome]) -> dict[str, object]:
    """Return how it ended as plain data."""
    students = {
        name: {
            "code": each.code,
            "reason": each.reason,
            "seconds": round(each.seconds, 1),
            "result": each.document,
        }
        for name, each in outcomes.items()
    }
    ok = not any(each.code for each in outcomes.values())
    return {"version": 1, "class": room.name, "ok": ok, "students": students}


def summary(outcomes: Mapping[str, queue.Outcome]) -> Iterator[str]:
    """Yield a line for each student that failed, with the first reason, and one for all."""
    failed = {name: each for name, each in outcomes.items() if each.code}
    for name, each in failed.items():
        yield f"{name}: {visible.line(each.reason)}"
    good = len(outcomes) - len(failed)
    said = f"ok for {good} of {len(outcomes)} students"
    yield f"{said}; failed for {len(failed)}: {', '.join(failed)}" if failed else said
