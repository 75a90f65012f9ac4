"""What runs without its disk is ended; what runs without its pid file is found again."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from labkit.providers.qemu import mend

if TYPE_CHECKING:
    import pathlib
    import subprocess
    from collections.abc import Callable

_UUID = uuid.UUID("00000000-1111-4222-8333-444444444445")


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    made = tmp_path / "web-01"
    made.mkdir()
    return made


@pytest.fixture
def running(
    folder: pathlib.Path, pretend: Callable[..., subprocess.Popen[bytes]]
) -> subprocess.Popen[bytes]:
    """Run something that looks like the machine's QEMU."""
    process = pretend("-uuid", str(_UUID), "-pidfile", str(folder / "pid"))
    (folder / "pid").write_text(f"{process.pid}\n")
    (folder / "disk.qcow2").touch()
    return process


def _mend(folder: pathlib.Path) -> list[str]:
    told: list[str] = []
    mend.mend({_UUID: folder}, told.append)
    return told


def test_nothing_is_done_where_all_is_well(
    folder: pathlib.Path, running: subprocess.Popen[bytes]
) -> None:
    assert _mend(folder) == []
    assert running.poll() is None


def test_without_its_disk(folder: pathlib.Path, running: subprocess.Popen[bytes]) -> None:
    (folder / "disk.qcow2").unlink()
    assert _mend(folder) == ["web-01 runs without its disk: ended, and made anew"]
    assert running.wait(10) is not None


@pytest.mark.parametrize("text", [None, "", "1\n"])
def test_without_its_pid_file(
    folder: pathlib.Path, running: subprocess.Popen[bytes], text: str | None
) -> None:
    (folder / "pid").unlink()
    if text is not None:
        (folder / "pid").write_text(text)
    said = f"web-01 runs without its pid file: found it as {running.pid}"
    assert _mend(folder) == [said]
    assert (folder / "pid").read_text() == f"{running.pid}\n"
    assert _mend(folder) == []


def test_a_machine_of_another_folder_is_not_ours(
    folder: pathlib.Path, running: subprocess.Popen[bytes], tmp_path: pathlib.Path
) -> None:
    assert folder.exists()
    assert _mend(tmp_path / "other" / "web-01") == []
    assert running.poll() is None
