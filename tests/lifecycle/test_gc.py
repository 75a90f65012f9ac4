"""What is left over, what is in use, and what is nobody's of ours."""

from __future__ import annotations

import pathlib
import shutil
from typing import TYPE_CHECKING

import pytest

from labkit import errors, workspace
from labkit.images import store
from labkit.lifecycle import gc, ssh_include
from labkit.providers import base
from labkit.providers import gc as machines
from labkit.workspace import registry

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., workspace.Workspace]


@pytest.fixture(autouse=True)
def running(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> list[machines.Found]:
    """A host of the test's own; return what runs on it."""
    found: list[machines.Found] = []

    def find(_: object = None) -> list[machines.Found]:
        return list(found)

    monkeypatch.setattr(machines, "find", find)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    return found


@pytest.fixture
def make(tmp_path: pathlib.Path) -> Make:
    """Return what makes a workspace, beside a lab file unless told otherwise."""

    def made(name: str, text: str | None = None) -> workspace.Workspace:
        space = workspace.Workspace(tmp_path / f"of {name}", name)
        space.make()
        space.ledger.set("web-01", workspace.Mark.MADE)
        if text is None:
            text = f"lab: {name}\n"
        if text:
            (space.folder / "some.yml").write_text(text)
        return space

    return made


def _run(running: list[machines.Found], space: workspace.Workspace, machine: str) -> None:
    def remove() -> None:
        running[:] = [each for each in running if each.machine != machine]

    running.append(machines.Found(space.entry, machine, f"process of {machine}", remove))


def _find(tmp_path: pathlib.Path) -> list[tuple[str, str, bool]]:
    return [(each.what, each.why, each.remove is not None) for each in gc.find(tmp_path)]


def test_nothing(tmp_path: pathlib.Path) -> None:
    assert gc.find(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_lab_with_its_file_is_in_use(
    tmp_path: pathlib.Path, make: Make, running: list[machines.Found]
) -> None:
    space = make("demo")
    _run(running, space, "web-01")
    _run(running, space, "web-02")
    assert _find(tmp_path) == [
        (f"lab 'demo' in {space.folder}", "in use; machines that run: web-01, web-02", False),
    ]
    assert gc.remove(gc.find(tmp_path)) == {}
    assert len(running) == 2
    assert space.path.exists()


def test_what_machines_share_is_none(
    tmp_path: pathlib.Path, make: Make, running: list[machines.Found]
) -> None:
    space = make("demo")
    _run(running, space, "web-01")
    switch = machines.Found(space.entry, "network hostonly", "process 7", lambda: None, shared=True)
    running.append(switch)
    name = f"lab 'demo' in {space.folder}"
    assert _find(tmp_path) == [(name, "in use; machines that run: web-01", False)]
    shutil.rmtree(space.folder)
    assert [what for what, _, _ in _find(tmp_path)] == [
        f"process of web-01: machine web-01 of {name}",
        f"process 7: network hostonly of {name}",
    ]


def test_a_lab_without_its_file(
    tmp_path: pathlib.Path, make: Make, running: list[machines.Found]
) -> None:
    space = make("demo", "lab: renamed\n")
    _run(running, space, "web-02")
    assert _find(tmp_path) == [
        (
            f"{space.path}, with running machines web-02",
            "no file there says 'lab: demo'",
            True,
        ),
    ]
    assert gc.remove(gc.find(tmp_path)) == {}
    assert running == []
    assert [path.name for path in space.folder.iterdir()] == ["some.yml"]
    assert gc.find(tmp_path) == []
    assert registry.entries() == []


def test_a_lab_whose_folder_is_gone(
    tmp_path: pathlib.Path, make: Make, running: list[machines.Found]
) -> None:
    space = make("demo", "")
    kept = make("kept")
    for each in (space, kept):
        _run(running, each, f"web-of-{each.lab}")
        nowhere = pathlib.Path("/nowhere")
        endpoint = base.Endpoint("web", "127.0.0.1", 22, "lab", nowhere, nowhere)
        ssh_include.install(each.entry, [endpoint])
    space.remove()
    registry.enter(space.entry)  # as when somebody else has removed the folder
    space.folder.rmdir()
    conf = tmp_path / "home" / ".ssh" / "labkit" / "demo.conf"
    assert _find(tmp_path) == [
        (
            f"process of web-of-demo: machine web-of-demo of lab 'demo' in {space.folder}",
            "its folder is gone",
            True,
        ),
        (str(conf), "its folder is gone", True),
        (f"lab 'kept' in {kept.folder}", "in use; machines that run: web-of-kept", False),
    ]
    gc.remove(gc.find(tmp_path))
    assert [each.machine for each in running] == ["web-of-kept"]
    assert not conf.exists()
    assert ssh_include.has_line()
    assert registry.entries() == [kept.entry]
    assert not space.folder.exists()


def test_a_workspace_that_the_registry_does_not_know(tmp_path: pathlib.Path, make: Make) -> None:
    space = make("demo", "")
    registry.leave(space.entry)
    (space.folder / ".lab" / "somebody's").mkdir()
    assert gc.find(tmp_path) == []
    assert [each.what for each in gc.find(space.folder)] == [str(space.path)]


def test_a_lab_that_a_run_holds_is_in_use(tmp_path: pathlib.Path, make: Make) -> None:
    space = make("demo", "")
    with space.lock("lab.up"):
        ((what, why, removable),) = _find(tmp_path)
    assert (what, removable) == (f"lab 'demo' in {space.folder}", False)
    assert why.startswith("lab 'demo' is in use: 'lab.up' of process ")


def test_a_lock_that_nobody_holds(tmp_path: pathlib.Path, make: Make) -> None:
    space = make("demo")
    lock, holder = (space.folder / ".lab" / f"demo.{end}" for end in ("lock", "holder.json"))
    lock.touch()
    holder.write_text("{}")
    stale = (str(lock), "no run holds this lock", True)
    assert stale in _find(tmp_path)
    assert lock.exists()
    gc.remove(gc.find(tmp_path))
    assert not lock.exists()
    assert not holder.exists()
    assert space.path.exists()


def test_what_stays_is_told_and_the_rest_is_removed(
    tmp_path: pathlib.Path, make: Make, running: list[machines.Found]
) -> None:
    def refuse() -> None:
        raise errors.ProviderError("it is stuck")

    space, other = make("demo", ""), make("other", "")
    running.append(machines.Found(space.entry, "web-01", "process 1", refuse))
    items = gc.find(tmp_path)
    assert gc.remove(items) == {
        items[0]: "not all of lab 'demo' could be removed: web-01: it is stuck; process 1"
    }
    assert space.path.exists()
    assert not other.path.exists()


def test_images(tmp_path: pathlib.Path) -> None:
    left = tmp_path / "cache" / "images" / f"{store.TEMPORARY}x"
    left.mkdir(parents=True)
    assert _find(tmp_path) == [(str(left), "an image that was never finished", True)]
    gc.remove(gc.find(tmp_path))
    assert not left.exists()


def test_the_line_of_labs_that_are_all_gone(tmp_path: pathlib.Path) -> None:
    config = tmp_path / "home" / ".ssh" / "config"
    config.parent.mkdir(parents=True)
    config.write_text(f"{ssh_include.line()}\nHost x\n")
    line = f"the line '{ssh_include.line()}' in {config}"
    assert _find(tmp_path) == [(line, "no lab is there", True)]
    gc.remove(gc.find(tmp_path))
    assert config.read_text() == "Host x\n"


def test_only_below_a_folder(tmp_path: pathlib.Path, make: Make) -> None:
    space = make("demo", "")
    make("other", "")
    found = gc.find(tmp_path, space.folder)
    assert [each.what for each in found] == [str(space.path)]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("lab: demo\n", True),
        ("# x\nlab:  'demo'  # mine\nmachines: [\n", True),
        ('lab: "demo"', True),
        ("lab: demo-2\n", False),
        ("  lab: demo\n", True),
        ("{lab: demo, machines: {}}", True),
        ('{"lab" : "demo"}', True),
        ("lab:\n  demo\n", True),
        ("lab: !!str demo\n", True),
        ('lab: "d\\u0065mo"\n', True),
        ("lab: >-\n  demo\n", True),
        ("lab: demos\n", False),
        ("- lab\n- demo\n", False),
        ("lab: dem\n", False),
        ("", False),
    ],
)
def test_a_lab_file_is_known_by_what_it_says(
    tmp_path: pathlib.Path, text: str, is_one: bool
) -> None:
    (tmp_path / "course.yaml").write_text(text)
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    assert gc.has_lab_file(registry.Entry(tmp_path, "demo")) is is_one


def test_a_folder_that_cannot_be_read_may_hold_the_lab_file(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: pathlib.Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "iterdir", refuse)
    assert gc.has_lab_file(registry.Entry(tmp_path, "demo"))


def test_a_lab_that_cannot_be_looked_at(
    tmp_path: pathlib.Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = make("demo")

    def refuse(_: registry.Entry) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(gc, "has_lab_file", refuse)
    name = f"lab 'demo' in {space.folder}"
    assert _find(tmp_path) == [(name, "cannot be looked at: Permission denied", False)]
