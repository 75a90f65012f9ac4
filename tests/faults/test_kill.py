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


def _survives(lab: conftest.Lab, task: str, only: str, number: int, moment: str) -> None:
    _begin(lab, task)
    killed = lab(*_words(task), kill=[number, moment], only=only)
    assert killed.code == -signal.SIGKILL, killed
    again = lab(*_words(task))
    assert again.code == 0, again
    assert "Traceback" not in again.err


def _all(lab: conftest.Lab, task: str, only: str, moments: tuple[str, ...]) -> int:
    count, wanted = _writes(lab, task, only)
    assert count
    for number in range(count):
        for moment in moments:
            _survives(lab, task, only, number, moment)
            assert lab.state() == wanted, f"killed {moment} write {number}"
            assert lab.is_free()
            if wanted.running and all(wanted.running.values()):
                lab.good("verify")
    return count * len(moments)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("task", "number", "moment"), [("up", 1, "before"), ("destroy", 0, "after")]
)
def test_killed_at_one_boundary(lab: conftest.Lab, task: str, number: int, moment: str) -> None:
    count, wanted = _writes(lab, task, LEDGER)
    assert number < count
    _survives(lab, task, LEDGER, number, moment)
    assert lab.state() == wanted


@pytest.mark.slow
@pytest.mark.parametrize("task", ["up", "reset", "destroy"])
def test_killed_at_every_boundary_of_the_ledger(
    pair: conftest.Lab, task: str, record_property: conftest.Record
) -> None:
    count = _all(pair, task, LEDGER, ("before", "torn", "after"))
    record_property("rounds", count)


@pytest.mark.slow
def test_killed_at_every_other_write(lab: conftest.Lab, record_property: conftest.Record) -> None:
    record_property("rounds", _all(lab, "up", "", ("torn", "after")))
