"""The tasks of a class as they are typed; their machines are in tests/e2e/test_class.py."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable


@pytest.fixture
def room(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    labkit: Callable[..., Any],
    name: str,
) -> pathlib.Path:
    """Work in a new class folder, whose class exists nowhere else on this host."""
    folder = tmp_path / "my-class"
    done = labkit("class.init", str(folder))
    assert (done.code, done.err) == (0, "")
    assert done.out == f"made {folder}\nnext: cd {folder} && labkit class.plan\n"
    file = folder / "class.yml"
    file.write_text(file.read_text().replace("my-class", name[:12]))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.usefixtures("room")
def test_a_new_class_is_valid(labkit: Callable[..., Any], name: str) -> None:
    done = labkit("class.validate")
    said = f"class '{name[:12]}' is valid: 2 students, 8 machines\n"
    assert (done.code, done.out, done.err) == (0, said, "")


def test_what_is_wrong_is_said_with_its_place(
    labkit: Callable[..., Any], room: pathlib.Path
) -> None:
    (room / "roster.csv").write_text("name\nTaro\n")
    done = labkit("class.validate")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: {room / 'roster.csv'}:2:1: 'Taro' is not a student's name\n"
        "    hint: did you mean 'taro'?\n"
    )


@pytest.mark.usefixtures("room")
def test_the_plan_says_whether_all_fit(labkit: Callable[..., Any]) -> None:
    done = labkit("class.plan")
    assert done.code == 0
    assert re.search(r"all 2 students fit; the first limit is [a-zA-Z ]+, at \d+\n$", done.out)
    document = json.loads(labkit("class.plan", "--format", "json", "--only", "taro").out)
    assert list(document["students"]) == ["taro"]
    assert document["students"]["taro"]["machines"]["ansible-01"]["hostonly"] == "192.168.56.51"
    assert document["students"]["taro"]["mail"] == "taro@example.org"
    assert document["fit"] >= 1


_CENTER = """
lab: x
provider: vsphere
providers:
  vsphere:
    resource_pool: C
    template: T
    nat: {name: Students}
    addresses: guest
    hostonly: {switch: DVS, vlan: 7}
defaults: {memory: 2 GiB}
machines: {a: {nat: 10.0.2.61, hostonly: 192.168.56.61}}
"""


def test_a_class_on_a_vcenter(labkit: Callable[..., Any], room: pathlib.Path) -> None:
    (room / "lab.yml").write_text(_CENTER)
    (room / "roster.csv").write_text("name,vlan\ntaro,101\nhanako,102\n")
    done = labkit("class.plan")
    assert done.code == 0
    assert "of this host" not in done.out
    assert done.out.endswith(
        "this host sets no limit to 2 students: their machines are on a vCenter, "
        "where 'class.up' looks for room\n"
    )
    document = json.loads(labkit("class.plan", "--format", "json").out)
    assert (document["resources"], document["fit"], document["bottleneck"]) == ([], None, None)
    done = labkit("class.rehearse", "--students", "30", "--task", "2", "--boot", "20.5")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(
        "predicted for tasks of 2.0 s and a boot of 20.5 s: --task and --boot give yours. Memory "
        "and disk are the vCenter's, which was not asked whether it has them\n"
    )
    said = json.loads(labkit("class.rehearse", "--students", "30", "--format", "json").out)
    assert (said["up"], said["refused"]) == (30, 0)
    assert (said["memory_mib"], said["disk_mib"]) == (30 * 2048, 30 * 300)
    assert said["calls"] == 30 * (53 + 7)


def test_a_class_that_does_not_fit(labkit: Callable[..., Any], room: pathlib.Path) -> None:
    with (room / "class.yml").open("a") as file:
        file.write("hosts: {here: {memory: 4 GiB, cpus: 100}}\n")
    done = labkit("class.plan")
    assert done.code == 1
    assert done.out.endswith("1 of 2 students fit: the bottleneck is memory\n")
    done = labkit("class.up")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: 1 of 2 students fit: the bottleneck is memory, of which 5718 MiB are needed and "
        "3072 MiB can be had\n"
        "hint: 'labkit class.plan' shows it all; begin with fewer, by --only\n"
    )
    assert not (room / "students").exists(), "nothing was begun"


def test_hosts(labkit: Callable[..., Any], room: pathlib.Path) -> None:
    with (room / "class.yml").open("a") as file:
        file.write("hosts: {one: {}, two: {}}\n")
    (room / "roster.csv").write_text("name,host\ntaro,one\nhanako,two\n")
    done = labkit("class.status")
    assert done.code == 2
    assert done.err.endswith("hint: say which one it is: --host one; hosts are: one, two\n")
    done = labkit("class.status", "--host", "tow")
    assert done.err.endswith("has no host 'tow'\nhint: did you mean 'two'?\n")
    done = labkit("class.status", "--host", "one", "--format", "json")
    assert list(json.loads(done.out)["students"]) == ["taro"]
    done = labkit("class.status", "--host", "one", "--only", "hanako")
    assert done.err == (
        "error: the lab of 'hanako' is on host 'two', and this is 'one'\n"
        "hint: run it there, or say that this is it: --host two\n"
    )


def test_status_of_a_class_that_is_not_there(
    labkit: Callable[..., Any], room: pathlib.Path
) -> None:
    done = labkit("class.status")
    assert done.code == 0
    assert len(re.findall(r"│ absent │ 0 of 4   │ 127\.", done.out)) == 2
    assert not (room / "students").exists(), "looking makes nothing"
    done = labkit("class.status", "--only", "tarou")
    assert done.err.endswith("has no student 'tarou'\nhint: did you mean 'taro'?\n")


def test_destroying_what_is_not_there_leaves_nothing(
    labkit: Callable[..., Any], room: pathlib.Path
) -> None:
    before = sorted(path.name for path in room.iterdir())
    done = labkit("class.destroy", "--yes", "--only", "taro")
    assert (done.code, done.out) == (0, "ok for 1 of 1 students\n"), done.err
    assert sorted(path.name for path in room.iterdir()) == before


def test_what_labkit_did_not_make_stays(labkit: Callable[..., Any], room: pathlib.Path) -> None:
    for folder in ("taro", "gone"):
        (room / "students" / folder / ".lab").mkdir(parents=True)
    (room / "students" / "taro" / "homework.txt").write_text("mine\n")
    done = labkit("class.destroy", "--yes", "--only", "taro")
    assert done.code == 0
    assert (room / "students" / "taro" / "homework.txt").exists()
    assert f"{room / 'students' / 'taro'} stays: it holds what labkit did not make\n" in done.err
    gone = room / "students" / "gone"
    said = f"{gone} is of no student of the roster: 'labkit destroy' in it removes its lab\n"
    assert said in done.err


@pytest.mark.usefixtures("room")
def test_a_class_of_200_is_rehearsed(labkit: Callable[..., Any]) -> None:
    done = labkit("class.rehearse", "--students", "200", "--format", "json")
    found = json.loads(done.out)
    assert done.code == (1 if found["refused"] else 0)
    assert found["up"] + found["refused"] == 200
    assert "until the last one is verified" in labkit("class.rehearse").out
    done = labkit("class.rehearse", "--students", "1001")
    assert (done.code, done.err) == (
        2,
        "error: a class of 1001 students cannot be rehearsed\nhint: name 1 to 1000\n",
    )
