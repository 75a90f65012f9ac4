"""Which processes are proved to be machines of a lab."""

from __future__ import annotations

import pathlib
import shutil
import sys
import uuid
from typing import TYPE_CHECKING

import psutil
import pytest

from labkit import errors
from labkit.plan import derive
from labkit.providers import gc
from labkit.providers.qemu import gc as qemu
from labkit.workspace import registry

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

_UUID = str(derive.machine_uuid("demo", "web-01"))
_PID = "/srv/my labs/.lab/demo/machines/web-01/pid"
_WORDS = ["/usr/bin/qemu-system-x86_64", "-uuid", _UUID, "-daemonize", "-pidfile", _PID]


def test_ours() -> None:
    entry = registry.Entry(pathlib.Path("/srv/my labs"), "demo")
    assert qemu.claim(_WORDS) == (entry, "web-01")


_SWITCH = [
    "/usr/bin/python3", "-I", "-S", "/labkit/switch.py", "/s/.lab/demo/segment",
    "-uuid", str(derive.network_uuid("demo", "hostonly")), "-pidfile", "/s/.lab/demo/segment/pid",
]  # fmt: skip


def test_the_switch_of_a_segment() -> None:
    assert qemu.claim(_SWITCH) == (registry.Entry(pathlib.Path("/s"), "demo"), "network hostonly")


@pytest.mark.parametrize(
    "words",
    [
        [*_SWITCH[:3], "other.py", *_SWITCH[4:]],
        [*_SWITCH[:6], _UUID, *_SWITCH[7:]],
        [*_SWITCH[:-1], "/s/.lab/other/segment/pid"],
        [*_SWITCH[:-1], "/s/.lab/demo/segment/hub"],
        [],
        ["qemu-system-x86_64"],
        ["grep", *_WORDS[1:]],
        [_WORDS[0], "-pidfile", _PID],
        [_WORDS[0], "-uuid", str(uuid.uuid4()), "-pidfile", _PID],
        [_WORDS[0], "-uuid", _UUID, "-pidfile", _PID.replace("web-01", "web-02")],
        [_WORDS[0], "-uuid", _UUID, "-pidfile", _PID.replace("demo", "other")],
        [_WORDS[0], "-uuid", _UUID, "-pidfile", _PID.replace(".lab", "lab")],
        [_WORDS[0], "-uuid", _UUID, "-pidfile", _PID.removeprefix("/")],
        [_WORDS[0], "-uuid", _UUID, "-pidfile", "/pid"],
        [_WORDS[0], "-uuid", _UUID, "-pidfile"],
        [_WORDS[0], _UUID, _PID],
    ],
)
def test_not_proved(words: list[str]) -> None:
    assert qemu.claim(words) is None


@pytest.fixture
def machine(
    tmp_path: pathlib.Path, pretend: Callable[..., subprocess.Popen[bytes]]
) -> subprocess.Popen[bytes]:
    """A process with a machine's command line; QEMU's own options do not matter to what waits."""
    program = tmp_path / "qemu-system-x86_64"
    program.symlink_to(sys.executable)
    pid_file = tmp_path / ".lab" / "demo" / "machines" / "web-01" / "pid"
    return pretend("-uuid", _UUID, "-pidfile", str(pid_file), program=str(program))


def _here(folder: pathlib.Path) -> list[gc.Found]:
    return [found for found in gc.find() if found.entry == registry.Entry(folder, "demo")]


def test_a_process_is_found_and_ended(
    tmp_path: pathlib.Path, machine: subprocess.Popen[bytes]
) -> None:
    (found,) = _here(tmp_path)
    assert (found.machine, found.what) == ("web-01", f"process {machine.pid} (qemu)")
    found.remove()
    machine.wait(10)
    found.remove()
    assert _here(tmp_path) == []


def test_a_process_of_another_user_is_not_looked_at(
    tmp_path: pathlib.Path, machine: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.pid
    real = psutil.Process(machine.pid).uids().real
    monkeypatch.setattr(qemu.os, "geteuid", lambda: real + 1)
    assert _here(tmp_path) == []


@pytest.mark.usefixtures("machine")
def test_a_process_that_stays(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = _here(tmp_path)

    def refuse(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "terminate", refuse)
    with pytest.raises(errors.ProviderError, match=r"^process \d+ could not be ended: "):
        found.remove()


def test_the_folder_need_not_be_there(
    tmp_path: pathlib.Path, machine: subprocess.Popen[bytes]
) -> None:
    shutil.rmtree(tmp_path / ".lab", ignore_errors=True)
    assert [found.what for found in _here(tmp_path)] == [f"process {machine.pid} (qemu)"]
