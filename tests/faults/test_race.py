"""Many runs of one lab at once: one winner, and the others are refused at once and told by whom."""

from __future__ import annotations

import os
import random
import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from tests.faults import conftest

_PARTS, _RACES = 4, 50


def _race(lab: conftest.Lab, runners: int) -> list[conftest.Run]:
    """Start some `up` at once; return how the losers ended."""
    gate = lab.path / "gate"
    gate.touch()
    begun = [(time.monotonic(), lab.begin("up", wait=str(gate))) for _ in range(runners)]
    ended: dict[int, conftest.Run] = {}

    def wait(start: float, child: subprocess.Popen[str]) -> None:
        ended[child.pid] = lab.end(child, start)

    threads = [threading.Thread(target=wait, args=pair) for pair in begun]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while len(ended) < runners - 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    losers = dict(ended)
    gate.unlink()
    for thread in threads:
        thread.join()
    winners = [pid for pid, run in ended.items() if run.code == 0]
    assert len(winners) == 1, "\n".join(map(str, ended.values()))
    assert winners[0] not in losers
    for run in losers.values():
        assert run.code == 3, run
        said = f"error: lab '{lab.path.name}' is in use: 'labkit up' of process {winners[0]} on "
        assert run.err.startswith(said), run
        assert run.err.endswith("\nhint: wait until it has finished, or stop that process\n"), run
    return list(losers.values())


def _slowest(runs: Sequence[conftest.Run]) -> float:
    return max(run.seconds for run in runs)


@pytest.mark.e2e
def test_a_race(lab: conftest.Lab) -> None:
    losers = _race(lab, 4)
    assert len(losers) == 3
    assert lab.is_free()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(_PARTS))
def test_races(lab: conftest.Lab, part: int, record_property: conftest.Record) -> None:
    lab.good("up")
    dice = random.Random(part)  # noqa: S311 - moments, no secrets
    slowest = 0.0
    for number in range(_RACES):
        losers = _race(lab, dice.randint(2, 16))
        slowest = max(slowest, _slowest(losers))
        assert slowest < 1, f"race {number} of {len(losers) + 1} on {os.cpu_count()} processors"
        assert lab.is_free()
        record_property("rounds", number + 1)
    record_property("slowest refusal", f"{slowest:.2f} s")
