from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from labkit.classroom import begin, load, standing, unique
from labkit.ssh import keyring

if TYPE_CHECKING:
    import pathlib


def test_a_folder_that_was_copied_for_another_student(tmp_path: pathlib.Path) -> None:
    room = load.load(begin.begin(tmp_path / "my-class") / "class.yml")
    for student in room.students:
        space = standing.space(room, student)
        space.make()
        keyring.ensure(room.labs[student.name], space)
    assert unique.repeated(room) == {}
    hanako, taro = (standing.space(room, student).path / "keys" for student in room.students)
    shutil.copyfile(hanako / "hosts" / "ansible-01.pub", taro / "hosts" / "k8s-minion-01.pub")
    assert unique.repeated(room) == {"taro": "its key 'k8s-minion-01' is also one of 'hanako'"}
    (hanako / "login.pub").write_text("")
    assert list(unique.repeated(room)) == ["taro"]
