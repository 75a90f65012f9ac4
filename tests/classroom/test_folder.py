"""A student's folder: an ordinary lab folder that nobody else can open."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from labkit.classroom import begin, folder, load, plan

if TYPE_CHECKING:
    import pathlib


@pytest.fixture
def room(tmp_path: pathlib.Path) -> plan.Classroom:
    return load.load(begin.begin(tmp_path / "my-class") / "class.yml")


def _files(path: pathlib.Path) -> dict[str, int]:
    return {str(each.relative_to(path)): each.stat().st_mtime_ns for each in path.rglob("*")}


def test_it_has_all_that_the_teachers_lab_uses(room: plan.Classroom) -> None:
    student = room.choose(["taro"])[0]
    file = folder.make(room, student)
    assert file == room.folder / "students" / "taro" / "lab.yml"
    for name in ("provision/base.yml", "network/nat.yml", "Vagrantfile.j2"):
        assert (file.parent / name).read_bytes() == (room.folder / name).read_bytes()
    for path in (file.parent, file.parent.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_it_is_brought_up_to_date_and_otherwise_left_alone(room: plan.Classroom) -> None:
    student = room.students[0]
    home = folder.make(room, student).parent
    before = _files(home)
    folder.make(room, student)
    assert _files(home) == before
    (room.folder / "provision" / "mine.yml").write_text("operations: []\n")
    (room.folder / "network" / "nat.yml").write_text("changed\n")
    (home / "notes.txt").write_text("the student's own\n")
    folder.make(room, student)
    assert (home / "provision" / "mine.yml").read_text() == "operations: []\n"
    assert (home / "network" / "nat.yml").read_text() == "changed\n"
    (room.folder / "provision" / "mine.yml").unlink()
    folder.make(room, student)
    assert not (home / "provision" / "mine.yml").exists()
    assert (home / "notes.txt").exists()


def test_secrets_of_students_differ_and_stay(room: plan.Classroom) -> None:
    hanako, taro = room.students
    first = folder.key(room, taro, "events").reveal()
    assert first == folder.key(room, taro, "events").reveal()
    others = {folder.key(room, hanako, "events").reveal(), folder.key(room, taro, "x").reveal()}
    assert len({first, *others}) == 3
    key = room.folder / ".class" / "class.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700


def test_a_lab_gets_the_teachers_secret_or_one_of_its_own(room: plan.Classroom) -> None:
    text = (room.folder / "lab.yml").read_text(encoding="utf-8")
    more = "secrets: {shared: {file: secrets/shared}, own: {file: secrets/own}}\n"
    (room.folder / "lab.yml").write_text(text + more, encoding="utf-8")
    (room.folder / "secrets").mkdir()
    (room.folder / "secrets" / "shared").write_text("for all\n")
    room = load.load(room.folder / "class.yml")
    found = {
        student.name: folder.make(room, student).parent / "secrets" for student in room.students
    }
    for path in found.values():
        assert (path / "shared").read_text() == "for all\n"
        assert stat.S_IMODE((path / "shared").stat().st_mode) == 0o600
        assert stat.S_IMODE((path / "own").stat().st_mode) == 0o600
    own = {(path / "own").read_text() for path in found.values()}
    assert len(own) == 2
