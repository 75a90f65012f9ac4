"""SIGKILL at every boundary of the ledger, then the same task again: as if nothing had happened."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults import conftest

LEDGER = "ledger.json"
BEFORE = {"up": (), "reset": ("up",), "destroy": ("up",), "halt": ("up",), "start": ("up",)}
"""What a task begins from: the tasks that ran before it."""


def _begin(lab: conftest.Lab, task: str) -> None:
    lab.clear()
    for word in BEFORE[task]:
        lab.good(word)


def _words(task: str) -> tuple[str, ...]:
    return (task, "--yes") if task == "destroy" else (task,)


def _writes(lab: conftest.Lab, task: str, only: str) -> tuple[int, conftest.State]:
    """Run the task undisturbed; return how often it writes, and what it comes to."""
    _begin(lab, task)
    note = lab.path / "writes"
    note.unlink(missing_ok=True)
    run = lab(*_words(task), note=str(note), only=only)
    assert run.code == 0, run
    return len(note.read_text().splitlines()), lab.state()


def _survives(
    lab: conftest.Lab, task: str, only: str, number: int, moment: str, *, anew: bool = True
) -> bool:
    """Kill a run at a write, and run it again; say whether it came to that write at all."""
    if anew:
        _begin(lab, task)
    killed = lab(*_words(task), kill=[number, moment], only=only)
    if killed.code == 0:
        return False
    assert killed.code == -signal.SIGKILL, killed
    again = lab(*_words(task))
    assert again.code == 0, again
    assert "Traceback" not in again.err
    return True


def _all(lab: conftest.Lab, task: str, only: str, moment: str) -> tuple[int, int]:
    """Kill the task at its first write, its second one, and so on, until a run has no such write.

    How many writes a run has may differ by what its threads come to first, so each run is asked
    itself. Returns how many were killed, and how many writes the undisturbed run had.
    """
    count, wanted = _writes(lab, task, only)
    number = 0
    # A lab that was reset is where a reset begins.
    while _survives(lab, task, only, number, moment, anew=task != "reset"):
        assert lab.state() == wanted, f"killed {moment} write {number}"
        assert lab.is_free()
        if wanted.running and all(wanted.running.values()):
            lab.good("verify")
        number += 1
    assert lab.state() == wanted
    return number, count


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("task", "number", "moment"), [("up", 1, "before"), ("destroy", 0, "after")]
)
def test_killed_at_one_boundary(lab: conftest.Lab, task: str, number: int, moment: str) -> None:
    _, wanted = _writes(lab, task, LEDGER)
    assert _survives(lab, task, LEDGER, number, moment)
    assert lab.state() == wanted


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "torn", "after"])
@pytest.mark.parametrize("task", ["up", "reset", "destroy"])
def test_killed_at_every_boundary_of_the_ledger(
    pair: conftest.Lab, task: str, moment: str, record_property: conftest.Record
) -> None:
    killed, count = _all(pair, task, LEDGER, moment)
    assert killed >= count > 0
    record_property("rounds", killed)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["torn", "after"])
def test_killed_at_every_other_write(
    lab: conftest.Lab, moment: str, record_property: conftest.Record
) -> None:
    killed, count = _all(lab, "up", "", moment)
    assert killed >= count > 0
    record_property("rounds", killed)
