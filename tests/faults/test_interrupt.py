"""SIGINT, SIGTERM and SIGHUP at any moment of `up`: a clean end, and the next run goes on."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults import conftest

_PARTS, _ROUNDS = 4, 25
_LIMIT = 20.0
"""Seconds in which an interrupted run must have ended."""


def _interrupt(
    lab: conftest.Lab, after: float | None, numbers: tuple[signal.Signals, ...] = (signal.SIGINT,)
) -> conftest.Run:
    """Begin `up`, send signals, and look at what that leaves.

    Args:
        lab: The lab.
        after: Seconds until then; None waits until its machine has booted.
        numbers: The signals.
    """
    start = time.monotonic()
    child = lab.begin("up")
    if after is None:
        console = lab.space.machine("m1") / "console.log"
        while child.poll() is None and not (
            console.exists() and b"listens" in console.read_bytes()
        ):
            time.sleep(0.02)
    else:
        time.sleep(after)
    sent = time.monotonic()
    for number in numbers:
        child.send_signal(number)
        time.sleep(0.05)
    run = lab.end(child, start)
    if run.code == 0:
        return run
    assert run.code == 130, run
    assert time.monotonic() - sent < _LIMIT
    assert "Traceback" not in run.err, run
    assert lab.orphans() == []
    assert not list(lab.path.glob(".lab/*.lock"))
    assert not list(lab.path.glob(".lab/*.holder.json"))
    assert lab.is_free()
    lab.space.ledger.read()
    return run


def _goes_on(lab: conftest.Lab, wanted: conftest.State) -> None:
    lab.good("up")
    assert lab.state() == wanted
    lab.good("verify")


@pytest.mark.e2e
@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGINT, signal.SIGINT, signal.SIGTERM), (signal.SIGTERM,), (signal.SIGHUP,)],
    ids=["Ctrl-C twice", "SIGTERM", "SIGHUP"],
)
def test_a_signal_ends_a_run_cleanly(
    lab: conftest.Lab, numbers: tuple[signal.Signals, ...]
) -> None:
    run = _interrupt(lab, None, numbers)
    assert run.code == 130, run
    assert run.err.endswith("interrupted; 'labkit up' continues, 'labkit destroy' removes\n")
    assert lab.processes()
    lab.good("destroy", "--yes")
    assert lab.processes() == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(_PARTS))
def test_interrupted_at_random_moments(
    pair: conftest.Lab, part: int, record_property: conftest.Record
) -> None:
    run = pair.good("up")
    length, wanted = run.seconds, pair.state()
    dice = random.Random(part)  # noqa: S311 - moments, no secrets
    whole, hit = True, 0
    while hit < _ROUNDS:
        if whole or hit % 4 == 0:  # else it goes on from what the last one left
            _goes_on(pair, wanted)
            pair.good("destroy", "--yes")
        # Python itself is not ready for signals in its first moments.
        after = 0.15 + dice.random() * (length - 0.3)
        ended = _interrupt(pair, after)
        whole = ended.code == 0  # so little was left to do that it had ended before
        if whole:
            assert pair.state() == wanted
        else:
            hit += 1
            record_property("rounds", hit)
    _goes_on(pair, wanted)
