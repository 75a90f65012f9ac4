"""The places of a class's students on the teacher's board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.board import roll
from labkit.classroom import folder, standing
from labkit.events import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.classroom import plan


def desk(room: plan.Classroom, student: plan.Student) -> roll.Desk:
    """Return a student's place; the key that is believed follows from the class's own secret.

    Raises:
        errors.LabError: The disk does not take the class's key.
    """
    key = log.private(folder.key(room, student, log.PURPOSE)).public_key()
    space = standing.space(room, student).path  # which is there once the lab is on this host
    return roll.Desk(student.name, student.display, student.lab, key, space)


def every(room: plan.Classroom, only: Sequence[str] = ()) -> roll.Roll:
    """Return all that is known of the labs of these students, or of all when none is named.

    Raises:
        errors.LabError: The disk does not take what the board keeps, or a student is unknown.
    """
    store = room.folder / ".class" / "board"
    return roll.Roll((desk(room, student) for student in room.choose(only)), store)
