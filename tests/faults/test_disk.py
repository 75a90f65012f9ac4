"""A disk that is full, or that may not be written, at every write: the old state is intact."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults import conftest

_SAID = {"full": "No space left on device", "denied": "Permission denied"}
# Root writes everywhere, unless it lacks the capability for that (capabilities(7)).
_ORDINARY = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--")


@pytest.fixture
def small(lab: conftest.Lab) -> Iterator[conftest.Lab]:
    """A lab whose folder is on a small disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a small disk")
    disk = lab.path / ".lab"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m,mode=0700", "tiny", disk], check=True)
    try:
        yield dataclasses.replace(lab, before=_ORDINARY)
    finally:
        for process in lab.processes():
            process.kill()
            process.wait(10)
        subprocess.run(["umount", disk], check=True)


def _mend(lab: conftest.Lab) -> None:
    (lab.path / ".lab" / "ballast").unlink(missing_ok=True)
    for folder in (
        lab.path / ".lab",
        *(lab.path / ".lab").rglob("*/"),
        lab.state_folder / "labs",
    ):
        if folder.is_dir():
            folder.chmod(0o700)


def _clear(lab: conftest.Lab) -> None:
    """Empty the small disk, which is mounted and stays."""
    _mend(lab)
    lab.clear()
    assert list((lab.path / ".lab").iterdir()) == []


def _refused(lab: conftest.Lab, number: int, how: str) -> str:
    """Run `up` with a disk that refuses one write; look at what that leaves; return what it was."""
    note = lab.path / "old"
    note.unlink(missing_ok=True)
    run = lab("up", fail=[number, how], old=str(note))
    old = json.loads(note.read_text())
    path = pathlib.Path(old["path"])
    assert "Traceback" not in run.err, run
    # The user's registry is on another disk, which still has room.
    if how == "denied" or path.is_relative_to(lab.path / ".lab"):
        assert (path.read_text() if path.exists() else None) == old["text"], path
    assert not list(path.parent.glob(f".{path.name}.*")), path
    if run.code == 0:
        # A lab is whole without what only tells about it: who holds it, that there is such a lab,
        # the last report, and the key that signs what the teacher's board hears.
        told = path.name.endswith((".holder.json", "report.json", "report.html"))
        told = told or path.parent.name == "labs"
        assert told or path.relative_to(lab.space.path).parts == ("keys", "events"), run
    else:
        assert run.code == 2, run
        assert _SAID[how] in run.err, run
    _mend(lab)
    lab.space.ledger.read()
    return path.name


def _count(lab: conftest.Lab) -> tuple[int, conftest.State]:
    _clear(lab)
    note = lab.path / "writes"
    run = lab("up", note=str(note))
    assert run.code == 0, run
    return len(note.read_text().splitlines()), lab.state()


@pytest.mark.e2e
@pytest.mark.parametrize("how", _SAID)
def test_a_disk_refuses_one_write(small: conftest.Lab, how: str) -> None:
    name = _refused(small, 4, how)
    assert name
    small.good("up")
    small.good("verify")


@pytest.mark.slow
@pytest.mark.parametrize("how", _SAID)
def test_a_disk_refuses_every_write(
    small: conftest.Lab, how: str, record_property: conftest.Record
) -> None:
    count, wanted = _count(small)
    for number in range(count):
        _clear(small)
        name = _refused(small, number, how)
        small.good("up")
        assert small.state() == wanted, name
    record_property("rounds", count)


@pytest.mark.e2e
def test_destroy_makes_room_on_a_full_disk(small: conftest.Lab) -> None:
    small.good("up")
    with (small.path / ".lab" / "ballast").open("wb") as file:
        free = os.statvfs(small.path / ".lab")
        file.write(b"\0" * (free.f_bavail * free.f_frsize))
    small.good("destroy", "--yes")
    assert small.processes() == []
    assert [path.name for path in (small.path / ".lab").iterdir()] == ["ballast"]
