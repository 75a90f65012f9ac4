"""The lock dies with its holder, and names it while it lives."""

from __future__ import annotations

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from labkit import errors, workspace

if TYPE_CHECKING:
    from collections.abc import Generator

_HOLD = """
import pathlib, sys
from labkit import workspace
with workspace.Workspace(pathlib.Path(sys.argv[1]), "demo").lock("lab.up"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(space: workspace.Workspace) -> Generator[subprocess.Popen[str]]:
    """Run another process that holds the lab until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(space.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=pathlib.Path(__file__).parents[2],
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_the_lock_leaves_nothing(space: workspace.Workspace) -> None:
    for _ in range(2):
        with space.lock("lab.up"):
            names = sorted(path.name for path in space.path.parent.iterdir())
            assert names == ["demo", "demo.holder.json", "demo.lock"]
        assert list(space.path.parent.iterdir()) == [space.path]


def test_the_lock_outlives_the_folder_that_it_guards(space: workspace.Workspace) -> None:
    with space.lock("lab.destroy"):
        space.remove()
        with pytest.raises(errors.LockedError), space.lock("lab.up"):
            pass
    assert list(space.folder.iterdir()) == []


def test_an_error_releases_the_lock(space: workspace.Workspace) -> None:
    with pytest.raises(ValueError, match="inside"), space.lock("lab.up"):
        raise ValueError("inside")
    with space.lock("lab.up"):
        pass


def test_a_second_process_is_refused_at_once(
    space: workspace.Workspace, holder: subprocess.Popen[str]
) -> None:
    start = time.monotonic()
    with pytest.raises(errors.LockedError) as caught, space.lock("lab.destroy"):
        pass
    assert time.monotonic() - start < 1
    assert re.fullmatch(
        rf"lab 'demo' is in use: 'lab\.up' of process {holder.pid} on "
        rf"{re.escape(socket.gethostname())}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d",
        caught.value.message,
    )
    assert caught.value.hint == "wait until it has finished, or stop that process"
    assert caught.value.exit_code == errors.ExitCode.LOCKED == 3


@pytest.mark.parametrize("content", ["", "[]", "{}", "null"])
def test_a_holder_who_cannot_be_named(
    space: workspace.Workspace, holder: subprocess.Popen[str], content: str
) -> None:
    assert holder.poll() is None
    (space.path.parent / "demo.holder.json").write_text(content)
    with pytest.raises(errors.LockedError) as caught, space.lock("lab.up"):
        pass
    assert caught.value.message == "lab 'demo' is in use: by another process"


def test_another_lab_of_the_folder_is_free(
    space: workspace.Workspace, holder: subprocess.Popen[str]
) -> None:
    assert holder.poll() is None
    with workspace.Workspace(space.folder, "other").lock("lab.up"):
        pass


def test_a_killed_holder_leaves_nothing_stale(
    space: workspace.Workspace, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    holder.wait(timeout=10)
    assert (space.path.parent / "demo.holder.json").exists()
    with space.lock("lab.up"):
        who = json.loads((space.path.parent / "demo.holder.json").read_text())
        assert (who["task"], who["pid"]) == ("lab.up", os.getpid())
    assert list(space.path.parent.iterdir()) == [space.path]


_RACER = """
import os, pathlib, sys, time
from labkit import errors, workspace
space = workspace.Workspace(pathlib.Path(sys.argv[1]), "demo")
inside = pathlib.Path(sys.argv[1]) / "inside"
held, end = 0, time.monotonic() + 3
while time.monotonic() < end:
    try:
        with space.lock("lab.up"):
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails when another one holds it too
            held += 1
            inside.unlink()
    except errors.LockedError:
        pass
print(held)
"""


def test_no_two_hold_it_while_its_file_comes_and_goes(tmp_path: pathlib.Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=pathlib.Path(__file__).parents[2],
        )
        for _ in range(6)
    ]
    ended = [racer.communicate(timeout=30) for racer in racers]
    assert [err for _, err in ended] == [""] * len(racers)
    assert sum(int(out) for out, _ in ended) > 100
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_a_killed_holder_left_is_not_taken_for_the_holders(
    space: workspace.Workspace, holder: subprocess.Popen[str]
) -> None:
    side = space.path.parent / "demo.holder.json"
    right = side.read_text()
    left = json.loads(right) | {"pid": 2**22 + 1}  # more than any kernel gives out (proc(5))
    side.write_text(json.dumps(left))
    late = threading.Timer(0.2, side.write_text, [right])
    late.start()
    with pytest.raises(errors.LockedError) as caught, space.lock("lab.up"):
        pass
    late.join()
    assert f"process {holder.pid} on " in caught.value.message


def test_a_full_disk_keeps_nobody_from_holding(
    space: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "write_text", full)
    with space.lock("lab.destroy"):
        assert not (space.path.parent / "demo.holder.json").exists()
    assert list(space.path.parent.iterdir()) == [space.path]


def test_a_folder_that_takes_no_lock(tmp_path: pathlib.Path) -> None:
    (tmp_path / ".lab").write_text("a file")
    with (
        pytest.raises(errors.LabError) as caught,
        workspace.Workspace(tmp_path, "demo").lock("lab.up"),
    ):
        pass
    assert caught.value.message == f"{tmp_path / '.lab'} cannot be written: File exists"


def test_who_holds_it_removes_what_a_killed_run_was_writing(space: workspace.Workspace) -> None:
    machine = space.machine("web-01")
    machine.mkdir(parents=True)
    base = space.path.parent
    left = (space.path / ".ledger.json.new-1-2", machine / ".seed.new-1-2")
    for path in (*left, base / ".demo.holder.json.new", base / ".other.holder.json.new"):
        path.touch()
    with space.lock("lab.up"):
        assert [path.name for path in space.path.rglob(".*")] == []
    assert sorted(path.name for path in base.iterdir()) == [".other.holder.json.new", "demo"]
