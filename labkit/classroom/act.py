"""Do one task of a lab for many students."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import psutil

from labkit import errors
from labkit.classroom import capacity, folder, gate, queue, standing

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence

    from labkit import console
    from labkit.classroom import plan


@dataclasses.dataclass(frozen=True, slots=True)
class How:
    """How a task is done for a class."""

    words: tuple[str, ...]
    """The task of the lab, and its options."""
    jobs: int = 0
    """Labs at the same time; 0 asks the class file, and then the host."""
    keep_going: bool = True
    boots: bool = False
    """Whether machines may be started, for which the host must have room."""
    as_json: bool = True
    """Whether the lab's task can print a document."""


def act(
    room: plan.Classroom, students: Sequence[plan.Student], how: How, progress: console.Progress
) -> Mapping[str, queue.Outcome]:
    """Do it; one failing student never stops the others, unless that is wanted."""
    cpus = psutil.cpu_count() or 1
    labs = (room.labs[student.name] for student in students)
    default = min((capacity.jobs(lab, cpus) for lab in labs), default=1) if how.boots else cpus
    jobs = how.jobs or room.jobs or default

    def make(student: plan.Student) -> queue.Task:
        file = folder.make(room, student)
        if how.boots:
            folder.enrol(room, student)
        need = _need(room, student) if how.boots else gate.NOTHING
        words = (*how.words, "--format", "json") if how.as_json else how.words
        return queue.Task(file, words, need)

    runner = queue.Queue(room.folder, progress, keep_going=how.keep_going)
    return runner.run(students, make, jobs)


def preflight(room: plan.Classroom, students: Sequence[plan.Student], host: capacity.Host) -> None:
    """Refuse to begin with labs for which the host has no room, before the first act.

    Memory is counted for these labs and for what runs already, disk space for what is not there.
    Too few processors make a class slow and are no reason to refuse it; 'class.plan' tells.

    Raises:
        errors.LabError: Says how many students fit, and what the bottleneck is.
    """
    here = [each for each in room.students if each.host == students[0].host] if students else []
    stand = standing.look(room, here)
    names = {student.name for student in students}
    running = [each.name for each in here if each.name in names or stand[each.name].running]
    absent = [each.name for each in students if stand[each.name].word == "absent"]
    for kind, wanted in (("memory", running), ("disk", absent)):
        found = capacity.weigh([room.labs[name] for name in wanted], host)
        resource = next((each for each in found if each.name == kind), None)
        if resource and resource.fit < len(wanted):
            raise errors.LabError(
                f"{resource.fit} of {len(wanted)} students fit: the bottleneck is {kind}, of which "
                f"{resource.needed} MiB are needed and {resource.available} MiB can be had",
                hint="'class.plan' shows it all; begin with fewer, by --only",
            )


def tidy(room: plan.Classroom, students: Sequence[plan.Student]) -> list[pathlib.Path]:
    """Remove what labkit made for labs that are gone; return the folders that hold more."""
    kept = [home for student in students if (home := folder.remove(room, student))]
    if not any((room.folder / "students").glob("*")) and (room.folder / "students").is_dir():
        (room.folder / "students").rmdir()
    return kept


def strangers(room: plan.Classroom) -> list[pathlib.Path]:
    """Return the folders of students who are no longer in the roster, and may have machines."""
    known = {student.name for student in room.students}
    found = sorted((room.folder / "students").glob("*/.lab"))
    return [each.parent for each in found if each.parent.name not in known]


def _need(room: plan.Classroom, student: plan.Student) -> gate.Need:
    lab = room.labs[student.name]
    found = standing.look(room, [student])[student.name]
    missing = len(lab.machines) - found.running
    return gate.Need(*capacity.need(capacity.take(lab), len(lab.machines), missing))
