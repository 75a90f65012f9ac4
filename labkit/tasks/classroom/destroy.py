"""`class.destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console, errors
from labkit.classroom import act
from labkit.tasks import base
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    import invoke.context

    from labkit.classroom import plan


@_base.task(iterable=("only",))
def destroy(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    host: str = "",
    jobs: int = 0,
    keep_going: bool = True,
    format: str = "",
    yes: bool = False,
) -> None:
    """Remove the students' machines, disks and folders; looks whether anything is left."""
    as_json = base.wants_json(format)
    room = _base.open_class(file)
    students = _base.choose(room, only, host)
    _ask(room, students, yes)
    how = act.How(("destroy", "--yes"), jobs, keep_going, as_json=False)
    outcomes = _base.run(room, students, how)
    gone = [student for student in students if not outcomes[student.name].code]
    for home in act.tidy(room, gone):
        console.err.print(f"{home} stays: it holds what labkit did not make", soft_wrap=True)
    for home in act.strangers(room):
        said = f"{home} is of no student of the roster: 'lab.destroy' in it removes its lab"
        console.err.print(console.wording(said), soft_wrap=True)
    _base.show(room, outcomes, as_json=as_json)


def _ask(room: plan.Classroom, students: tuple[plan.Student, ...], yes: bool) -> None:
    count = len(students)
    question = f"remove the labs of {count} students of class '{room.name}' with all their disks?"
    if not base.says_yes(yes) and console.has_terminal() and not console.ask(question):
        raise errors.LabError("nothing was removed", hint="answer y, or give --yes")
