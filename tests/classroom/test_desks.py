"""A student's place on the board: whose signature is believed, and where the events are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit import workspace
from labkit.classroom import begin, desks, folder, load, plan, standing
from labkit.events import log

if TYPE_CHECKING:
    import pathlib

    from labkit.board import roll


@pytest.fixture
def room(tmp_path: pathlib.Path) -> plan.Classroom:
    return load.load(begin.begin(tmp_path / "my-class") / "class.yml")


def _states(labs: roll.Roll) -> dict[str, str]:
    return {row.desk.student: row.standing.state for row in labs.look()}


def test_the_key_in_the_students_folder_is_the_one_that_is_believed(room: plan.Classroom) -> None:
    hanako, taro = room.students
    for student in room.students:
        folder.make(room, student)
        folder.enrol(room, student)
        standing.space(room, student).make()
    home = room.home(taro)
    assert (home / log.KEY).stat().st_mode & 0o777 == 0o600
    log.append(standing.space(room, taro), "begin", {"task": "lab.up"})
    labs = desks.every(room)
    assert _states(labs) == {"hanako": "absent", "taro": "working"}
    # With another student's key nothing is believed.
    (room.home(hanako) / log.KEY).write_bytes((home / log.KEY).read_bytes())
    log.append(standing.space(room, hanako), "begin", {"task": "lab.up"})
    found = {row.desk.student: row.alarm for row in labs.look()}
    assert found == {"hanako": "the signature is not the student's", "taro": ""}


def test_a_lab_elsewhere_stays_on_the_board_although_its_folder_was_made_here(
    room: plan.Classroom, tmp_path: pathlib.Path
) -> None:
    """The teacher makes the folder and gives a copy away; events come by POST."""
    taro = room.students[1]
    folder.make(room, taro)
    folder.enrol(room, taro)
    away = workspace.Workspace(tmp_path / "laptop", taro.lab)
    away.make()
    (away.folder / log.KEY).write_bytes((room.home(taro) / log.KEY).read_bytes())
    log.append(away, "begin", {"task": "lab.up"})
    labs = desks.every(room)
    assert _states(labs)["taro"] == "absent"
    assert labs.take((away.path / log.NAME).read_bytes()).accepted == 1
    assert _states(labs)["taro"] == "working"
    assert _states(desks.every(room))["taro"] == "working", "also on a board that begins anew"


def test_a_lab_that_comes_and_goes_while_the_board_is_there(room: plan.Classroom) -> None:
    labs = desks.every(room)
    taro = room.students[1]
    folder.make(room, taro)
    folder.enrol(room, taro)
    space = standing.space(room, taro)
    space.make()
    log.append(space, "begin", {"task": "lab.up"})
    assert _states(labs)["taro"] == "working"
    space.remove()
    assert _states(desks.every(room))["taro"] == "absent", "also on a board that begins anew"


def test_the_key_goes_with_the_folder(room: plan.Classroom) -> None:
    student = room.students[0]
    folder.make(room, student)
    folder.enrol(room, student)
    assert folder.remove(room, student) is None
    assert not room.home(student).exists()
