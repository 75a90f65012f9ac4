"""The lab's folder: whole files, a ledger of ours, a lock that dies with its holder."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
import socket
import stat
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
def space(tmp_path: pathlib.Path) -> workspace.Workspace:
    made = workspace.Workspace(tmp_path, "demo")
    made.make()
    return made


@pytest.fixture
def holder(space: workspace.Workspace) -> Generator[subprocess.Popen[str]]:
    """Run another process that holds the lab until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(space.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=pathlib.Path(__file__).parents[1],
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def _mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_write_replaces(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    workspace.write(path, "one\n")
    workspace.write(path, "zwei ä\n")
    assert path.read_bytes() == "zwei ä\n".encode()
    assert _mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_write_gives_the_mode_that_is_asked_for(tmp_path: pathlib.Path) -> None:
    old = os.umask(0o022)
    try:
        workspace.write(tmp_path / "public", "x", mode=0o644)
    finally:
        os.umask(old)
    assert _mode(tmp_path / "public") == 0o644


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_text(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / "file"
    workspace.write(path, "old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if name == "fsync":
        monkeypatch.setattr(workspace.os, "fsync", fail)
    else:
        monkeypatch.setattr(pathlib.Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        workspace.write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_between_write_and_rename_leaves_the_old_text(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    workspace.write(path, "old")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workspace.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        workspace.write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_threads_do_not_write_into_one_another(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    texts = [letter * 10_000 for letter in "abcd"]

    def write(text: str) -> None:
        for _ in range(5):
            workspace.write(path, text)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]


def test_the_folder_is_the_owners(space: workspace.Workspace) -> None:
    space.path.chmod(0o755)
    space.make()
    assert _mode(space.path) == 0o700


def test_paths(space: workspace.Workspace) -> None:
    assert space.path == space.folder / ".lab" / "demo"
    assert space.machine("web-01") == space.path / "machines" / "web-01"


def test_remove_keeps_other_labs(space: workspace.Workspace) -> None:
    other = workspace.Workspace(space.folder, "other")
    other.make()
    space.remove()
    assert list((space.folder / ".lab").iterdir()) == [other.path]
    other.remove()
    assert list(space.folder.iterdir()) == []


def test_marks(space: workspace.Workspace) -> None:
    ledger = space.ledger
    assert ledger.machines() == {}
    ledger.set("b", workspace.Mark.MAKING)
    ledger.set("a", workspace.Mark.VERIFIED)
    ledger.set("b", workspace.Mark.MADE)
    assert ledger.machines() == {"a": workspace.Mark.VERIFIED, "b": workspace.Mark.MADE}
    ledger.set("b", None)
    ledger.set("never-there", None)
    assert workspace.Workspace(space.folder, "demo").ledger.machines() == {
        "a": workspace.Mark.VERIFIED
    }
    assert _mode(ledger.path) == 0o600


def test_threads_lose_no_marks(space: workspace.Workspace) -> None:
    names = [f"m{number}" for number in range(12)]
    threads = [
        threading.Thread(target=space.ledger.set, args=(name, workspace.Mark.MADE))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(space.ledger.machines()) == set(names)


def _ledger(version: object, machines: object) -> str:
    digest = hashlib.sha256(json.dumps(machines, sort_keys=True).encode()).hexdigest()
    return json.dumps({"version": version, "sha256": digest, "machines": machines})


_BROKEN = {
    "empty": b"",
    "cut": _ledger(1, {"a": "made"}).encode()[:-3],
    "by hand": _ledger(1, {"a": "made"}).replace("made", "verified").encode(),
    "another version": _ledger(2, {"a": "made"}).encode(),
    "unknown mark": _ledger(1, {"a": "sold"}).encode(),
    "a list": b"[1, 2]",
    "machines as a list": _ledger(1, ["a"]).encode(),
    "machines as a number": _ledger(1, 5).encode(),
    "no checksum": b'{"version": 1, "machines": {}}',
    "not text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", _BROKEN.values(), ids=_BROKEN)
def test_a_ledger_that_labkit_did_not_write_is_refused(
    space: workspace.Workspace, content: bytes
) -> None:
    ledger = space.ledger
    ledger.path.write_bytes(content)
    for touch in (ledger.machines, lambda: ledger.set("a", workspace.Mark.MADE)):
        with pytest.raises(errors.LabError) as caught:
            touch()
        assert caught.value.message == f"the ledger {ledger.path} is not what labkit wrote"
        assert caught.value.hint == "'lab.destroy' removes the lab by looking at what exists"
    assert ledger.path.read_bytes() == content
    ledger.mend()
    assert ledger.machines() == {}


def test_mending_a_good_ledger_changes_nothing(space: workspace.Workspace) -> None:
    space.ledger.mend()
    assert not space.ledger.path.exists()
    space.ledger.set("a", workspace.Mark.MADE)
    before = space.ledger.path.read_bytes()
    space.ledger.mend()
    assert space.ledger.path.read_bytes() == before


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
