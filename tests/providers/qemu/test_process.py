"""Which processes are a lab's machines, and how they end."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING

import psutil
import pytest

from labkit.providers.qemu import process

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

_UUID = uuid.UUID("00000000-1111-4222-8333-444444444444")


def _of(folder: pathlib.Path, text: str) -> psutil.Process | None:
    (folder / "pid").write_text(text)
    return process.of(_UUID, folder / "pid")


def test_a_process_of_the_machine(
    tmp_path: pathlib.Path, pretend: Callable[..., subprocess.Popen[bytes]]
) -> None:
    ours = pretend("-name", "web-01", "-uuid", str(_UUID))
    found = _of(tmp_path, f"{ours.pid}\n")
    assert found is not None
    assert found.pid == ours.pid


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-uuid", str(uuid.UUID(int=_UUID.int + 1))),
        # What a person types to look for the machine.
        (str(_UUID),),
        ("-F", str(_UUID), "-uuid"),
        (f"-uuid {_UUID}",),
    ],
)
def test_a_foreign_process_of_that_number_is_not_ours(
    tmp_path: pathlib.Path, pretend: Callable[..., subprocess.Popen[bytes]], words: tuple[str, ...]
) -> None:
    foreign = pretend(*words, "-pidfile", str(tmp_path / "pid"))
    assert _of(tmp_path, str(foreign.pid)) is None
    assert process.every({_UUID: tmp_path / "pid"}) == []


@pytest.mark.parametrize("text", ["", "x", "-1", "0x1", "4194305", "9" * 30, "1 2"])
def test_a_pid_file_of_nothing(tmp_path: pathlib.Path, text: str) -> None:
    assert _of(tmp_path, text) is None


def test_no_pid_file(tmp_path: pathlib.Path) -> None:
    assert process.of(_UUID, tmp_path / "pid") is None


def test_a_pid_file_that_is_not_text(tmp_path: pathlib.Path) -> None:
    (tmp_path / "pid").write_bytes(b"\xff\xfe")
    assert process.of(_UUID, tmp_path / "pid") is None


def test_a_dead_process_is_no_machine(
    tmp_path: pathlib.Path, pretend: Callable[..., subprocess.Popen[bytes]]
) -> None:
    ours = pretend("-uuid", str(_UUID))
    ours.kill()
    # It stays as a zombie until its parent looks.
    deadline = time.monotonic() + 5
    while psutil.Process(ours.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert _of(tmp_path, str(ours.pid)) is None


def test_every_finds_by_what_runs_alone(
    tmp_path: pathlib.Path, pretend: Callable[..., subprocess.Popen[bytes]]
) -> None:
    other = uuid.UUID(int=_UUID.int + 2)
    wanted = {_UUID: tmp_path / "one", other: tmp_path / "two"}
    ours = [
        pretend("-uuid", str(machine), "-pidfile", str(path)) for machine, path in wanted.items()
    ]
    assert not any(path.exists() for path in wanted.values())
    found = process.every(wanted)
    assert sorted(each.pid for each in found) == sorted(each.pid for each in ours)
    assert process.every({}) == []


def test_a_lab_of_the_same_name_in_another_folder_is_not_ours(
    tmp_path: pathlib.Path, pretend: Callable[..., subprocess.Popen[bytes]]
) -> None:
    theirs = pretend("-uuid", str(_UUID), "-pidfile", "/elsewhere/.lab/demo/machines/web-01/pid")
    assert theirs.poll() is None
    assert process.every({_UUID: tmp_path / "pid"}) == []


def test_end_kills_what_does_not_end(pretend: Callable[..., subprocess.Popen[bytes]]) -> None:
    stubborn = pretend("-uuid", str(_UUID))
    begun = time.monotonic()
    process.end(psutil.Process(stubborn.pid), grace=0.3)
    assert 0.2 < time.monotonic() - begun < 30
    assert not psutil.pid_exists(stubborn.pid)


def test_a_zombie_is_not_waited_for() -> None:
    script = (
        "import subprocess, sys; child = subprocess.Popen(['true'])\n"
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", script]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        begun = time.monotonic()
        assert process.wait(child, 20)
        assert time.monotonic() - begun < 10
        assert psutil.pid_exists(child.pid)


def test_end_of_what_has_ended(pretend: Callable[..., subprocess.Popen[bytes]]) -> None:
    gone = pretend()
    handle = psutil.Process(gone.pid)
    gone.kill()
    gone.wait(timeout=10)
    process.end(handle, grace=0.3)
