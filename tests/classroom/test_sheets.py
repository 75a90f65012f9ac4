"""What stands on a student's sheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from labkit.classroom import begin, folder, load, plan, sheets, standing
from labkit.ssh import keyring

if TYPE_CHECKING:
    import pathlib

_SERVER = sheets.Asked("lab.example.org")


@pytest.fixture
def room(tmp_path: pathlib.Path) -> plan.Classroom:
    made = begin.begin(tmp_path / "my-class")
    with (made / "lab.yml").open("a") as file:
        file.write("secrets:\n  exam: {file: exam.key}\n  site: {env: SITE_TOKEN}\n")
    return load.load(made / "class.yml")


def test_the_way_in_is_through_the_server(room: plan.Classroom) -> None:
    taro = room.students[1]
    found = sheets.sheet(room, taro, _SERVER)
    assert (found.student, found.display, found.user) == ("taro", "Yamada Taro", "lab")
    assert found.key_file == "~/.ssh/my-class--taro"
    assert [each.machine for each in found.ways] == [
        "ansible-01", "k8s-master-01", "k8s-minion-01", "k8s-minion-02"
    ]  # fmt: skip
    first = found.ways[0]
    port = plan.ssh_port("my-class", "taro", "ansible-01")
    assert first.login == (
        f"ssh -i ~/.ssh/my-class--taro -J taro@lab.example.org -p {port} lab@{taro.address}"
    )
    assert re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", first.fingerprint)
    assert len({each.fingerprint for each in found.ways}) == 4
    # The keys are made once: `up` takes those that the sheet tells of.
    assert sheets.sheet(room, taro, _SERVER) == found


def test_no_secret_unless_asked(room: plan.Classroom) -> None:
    taro = room.students[1]
    assert not sheets.sheet(room, taro, _SERVER).is_secret
    asked = sheets.Asked("lab.example.org", secrets=True)
    found = sheets.sheet(room, taro, asked)
    space = standing.space(room, taro)
    keys = keyring.existing(room.labs["taro"], space)
    assert keys is not None
    assert found.key == keys.login.private.reveal()
    # The student's own; what the teacher alone has is not the student's.
    assert found.secrets == (("exam", folder.key(room, taro, "secret exam").reveal()),)


def test_on_the_students_own_computer(room: plan.Classroom) -> None:
    taro = room.students[1]
    asked = sheets.Asked("x", laptops=True, board="http://192.0.2.10:8080")
    found = sheets.sheet(room, taro, asked)
    assert found.ways[0].login == "labkit ssh ansible-01"
    assert (found.key_file, found.board) == ("", "http://192.0.2.10:8080")
    home = room.home(taro)
    assert (home / "events.key").is_file(), "the board believes what it signs"
    assert not (home / ".lab").exists(), "keys are made where the lab is"
