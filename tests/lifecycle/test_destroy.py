"""Destroy, with the lab file and without it."""

from __future__ import annotations

import contextlib
import pathlib
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors, workspace
from labkit.lifecycle import destroy, ssh_include
from labkit.providers import base, gc

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from labkit.lifecycle import context

    # Classes of conftest.py, which tests do not import.
    Double: TypeAlias = Any

_BOTH = {"ansible-01": base.State.RUNNING, "web-01": base.State.RUNNING}


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> list[gc.Found]:
    """What providers find on the host: nothing, unless a test puts it there."""
    machines: list[gc.Found] = []

    def find(_: object) -> list[gc.Found]:
        return list(machines)

    monkeypatch.setattr(gc, "find", find)
    return machines


@pytest.fixture(autouse=True)
def home(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_destroy(lab: context.Context, provider: Double) -> None:
    provider.states = dict(_BOTH)
    lab.space.make()
    assert destroy.destroy(lab) == destroy.Removed(("ansible-01", "web-01"), folder=True)
    assert not lab.space.path.parent.exists()


def test_destroy_of_nothing(lab: context.Context, provider: Double) -> None:
    assert not destroy.destroy(lab)
    assert provider.asked == []
    assert not lab.space.path.exists()


def test_machines_that_were_never_made_are_not_said_to_be_gone(
    lab: context.Context, provider: Double
) -> None:
    lab.space.make()
    assert destroy.destroy(lab) == destroy.Removed((), folder=True)
    lab.space.make()
    lab.space.ledger.set("web-01", workspace.Mark.MAKING)
    lab.space.machine("ansible-01").mkdir(parents=True)
    assert destroy.destroy(lab).machines == ("ansible-01", "web-01")
    assert set(provider.states.values()) == {base.State.ABSENT}


def test_destroy_finds_machines_whose_folder_is_gone(
    lab: context.Context, provider: Double
) -> None:
    provider.states = dict(_BOTH)
    assert destroy.destroy(lab) == destroy.Removed(("ansible-01", "web-01"), folder=False)
    assert set(provider.states.values()) == {base.State.ABSENT}


def test_destroy_takes_machines_that_lab_yml_no_longer_has(
    lab: context.Context, provider: Double
) -> None:
    provider.states = {**_BOTH, "old-01": base.State.RUNNING}
    assert destroy.destroy(lab).machines == ("ansible-01", "old-01", "web-01")
    assert set(provider.states.values()) == {base.State.ABSENT}


def test_destroy_with_a_broken_ledger(lab: context.Context, provider: Double) -> None:
    provider.states = dict(_BOTH)
    lab.space.make()
    lab.space.ledger.path.write_text("rubbish")

    def note(name: str) -> None:
        lab.space.ledger.set(name, workspace.Mark.REMOVING)
        provider.states[name] = base.State.ABSENT
        lab.space.ledger.set(name, None)

    provider.destroy = note
    assert destroy.destroy(lab).machines == ("ansible-01", "web-01")
    assert not lab.space.path.exists()


def test_destroy_says_what_is_left_and_keeps_the_folder(
    lab: context.Context, provider: Double
) -> None:
    provider.states = dict(_BOTH)
    provider.left = ["a network"]
    provider.broken["web-01"] = errors.ProviderError("it is stuck")
    lab.space.make()
    with pytest.raises(errors.LeftoverError) as caught:
        destroy.destroy(lab)
    assert caught.value.message == (
        "not all of lab 'memory' could be removed: web-01: it is stuck; a network; web-01"
    )
    assert caught.value.hint == "run 'lab.destroy' again; what is named above was not touched"
    assert caught.value.exit_code == errors.ExitCode.LEFTOVERS == 5
    assert lab.space.path.exists()
    assert provider.states["ansible-01"] is base.State.ABSENT


def test_destroy_takes_the_lab_out_of_the_users_ssh_config(
    lab: context.Context, provider: Double, home: pathlib.Path
) -> None:
    provider.states = dict(_BOTH)
    lab.space.make()
    endpoints = [provider.endpoint(machine) for machine in lab.lab.machines]
    ssh_include.install(lab.space.entry, endpoints)
    assert ssh_include.has_line()
    destroy.destroy(lab)
    assert (home / ".ssh" / "config").read_text() == ""
    assert not (home / ".ssh" / "labkit").exists()


# Without the lab file.


def _add(
    found: list[gc.Found], space: workspace.Workspace, machine: str, remove: Callable[[], None]
) -> None:
    found.append(gc.Found(space.entry, machine, f"process 17 of {machine}", remove))


def test_a_lab_that_cannot_be_read(lab: context.Context, found: list[gc.Found]) -> None:
    space = lab.space
    space.machine("web-01").mkdir(parents=True)
    (space.machine("web-01") / "disk.qcow2").touch()
    _add(found, space, "web-02", found.clear)
    other = workspace.Workspace(space.folder, "other")
    other.make()
    assert destroy.destroy_unread(space) == destroy.Removed(("web-01", "web-02"), folder=True)
    assert not space.path.exists()
    assert other.path.exists()


def test_only_what_is_the_labs_own_is_touched(
    lab: context.Context, found: list[gc.Found], tmp_path: pathlib.Path
) -> None:
    touched: list[str] = []
    elsewhere = workspace.Workspace(tmp_path / "elsewhere", lab.lab.name)
    _add(found, elsewhere, "web-01", lambda: touched.append("elsewhere"))
    lab.space.make()
    assert destroy.destroy_unread(lab.space) == destroy.Removed((), folder=True)
    assert touched == []


def test_what_stays_is_named(lab: context.Context, found: list[gc.Found]) -> None:
    def refuse() -> None:
        raise errors.ProviderError("it is somebody else's")

    lab.space.make()
    _add(found, lab.space, "web-01", refuse)
    with pytest.raises(errors.LeftoverError) as caught:
        destroy.destroy_unread(lab.space)
    assert caught.value.message == (
        "not all of lab 'memory' could be removed: "
        "web-01: it is somebody else's; process 17 of web-01"
    )
    assert lab.space.path.exists()


def test_a_folder_that_is_gone(lab: context.Context, found: list[gc.Found]) -> None:
    with contextlib.suppress(FileNotFoundError):
        pathlib.Path(lab.folder / ".lab").rmdir()
    assert not destroy.destroy_unread(lab.space)
    _add(found, lab.space, "web-01", found.clear)
    assert destroy.destroy_unread(lab.space) == destroy.Removed(("web-01",), folder=False)
