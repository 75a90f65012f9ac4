"""What was measured, as a page and as a picture. Pure: numbers in, text out."""

from __future__ import annotations

import dataclasses
import statistics
from typing import TYPE_CHECKING

from bench import drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bench import measure

Runs = dict[str, list["measure.Pair"]]
"""The runs of each tool, by its name."""

_FASTER = {"pyinfra": {4: 4.0, 16: 3.0, 64: 2.5}, "ansible-core": {4: 18.0, 16: 40.0}}
"""How many times faster than a peer the second run should be, at each size."""
_FLOOR = {4: 1.3, 16: 1.15, 64: 1.0}
"""How many times what bare OpenSSH takes it may take at most."""
_FIRST_FASTER = 2.0
_FIRST_EXECS = 3
_CPU_MS = 12.0
_MANY = 64
_ROUND_TRIPS = 7.0
_DIGITS = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Far:
    """One machine behind a proxy: without a delay, and with one."""

    near: Sequence[measure.Pair]
    far: Sequence[measure.Pair]


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """All that was measured."""

    near: Mapping[int, Runs]
    far: Mapping[str, Far]
    about: str
    round_trip: float
    """Seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Aim:
    """One figure beside what it should be."""

    what: str
    size: int
    """Machines."""
    reached: float
    bound: float
    unit: str = ""
    at_least: bool = False

    @property
    def ok(self) -> bool:
        """Whether it is reached."""
        shown = round(self.reached, _DIGITS)
        return shown >= self.bound if self.at_least else shown <= self.bound

    def row(self) -> str:
        """Return a line of the table."""
        sign = "at least" if self.at_least else "at most"
        shown = f"{round(self.reached, _DIGITS):g}{self.unit}"
        verdict = "yes" if self.ok else "**no**"
        bound = f"{sign} {self.bound:g}{self.unit}"
        return f"| {self.what} | {self.size} | {shown} | {bound} | {verdict} |"


def _first(pair: measure.Pair) -> measure.Run:
    return pair.first


def _again(pair: measure.Pair) -> measure.Run:
    return pair.again


def _wall(run: measure.Run) -> float:
    return run.wall


def _cpu(run: measure.Run) -> float:
    return run.cpu


def _execs(run: measure.Run) -> float:
    return run.execs


def _turns(run: measure.Run) -> float:
    return run.turns


def _median(
    pairs: Sequence[measure.Pair],
    which: Callable[[measure.Pair], measure.Run],
    what: Callable[[measure.Run], float] = _wall,
) -> float:
    return statistics.median(what(which(pair)) for pair in pairs)


def round_trips(far: Far, which: Callable[[measure.Pair], measure.Run], round_trip: float) -> float:
    """Return how many round trips a run takes: by how much longer the long way makes it.

    The shortest runs count, since whatever else the host does makes a run longer.
    """
    with_delay, without = (min(which(pair).wall for pair in pairs) for pairs in (far.far, far.near))
    return (with_delay - without) / round_trip


def aims(found: Found) -> Iterator[Aim]:
    """Compare what was reached with what was aimed at, as far as it was measured."""
    for size, runs in found.near.items():
        yield from _second_runs(size, runs)
    for size, runs in found.near.items():
        yield from _first_runs(size, runs)
    if many := found.near.get(_MANY):
        cpu = 1000 * _median(many["labkit"], _again, _cpu) / _MANY
        yield Aim("nothing to change: controller CPU a machine", _MANY, cpu, _CPU_MS, " ms")
    if "labkit" in found.far:
        trips = round_trips(found.far["labkit"], _again, found.round_trip)
        yield Aim("nothing to change: round trips, connect included", 1, trips, _ROUND_TRIPS)


def _second_runs(size: int, runs: Runs) -> Iterator[Aim]:
    own = _median(runs["labkit"], _again)
    what = "nothing to change"
    for peer, bounds in _FASTER.items():
        if size in bounds and runs.get(peer):
            ratio = _median(runs[peer], _again) / own
            yield Aim(f"{what}: faster than {peer}", size, ratio, bounds[size], "x", at_least=True)
    if size in _FLOOR and runs.get("OpenSSH"):
        ratio = own / _median(runs["OpenSSH"], _again)
        yield Aim(f"{what}: time of one cold OpenSSH connection", size, ratio, _FLOOR[size], "x")
    yield Aim(f"{what}: execs a machine", size, _median(runs["labkit"], _again, _execs), 1)


def _first_runs(size: int, runs: Runs) -> Iterator[Aim]:
    execs = _median(runs["labkit"], _first, _execs)
    yield Aim("first run: execs a machine", size, execs, _FIRST_EXECS)
    if runs.get("pyinfra"):
        ratio = _median(runs["pyinfra"], _first) / _median(runs["labkit"], _first)
        what = "first run: faster than pyinfra"
        yield Aim(what, size, ratio, _FIRST_FASTER, "x", at_least=True)


def page(found: Found) -> str:
    """Return the figures as Markdown."""
    lines = [
        "<!-- Written by './lab bench converge'; do not edit. -->",
        "",
        found.about,
        "",
        "## What was aimed at, and what was reached",
        "",
        "| | machines | reached | aim | |",
        "| --- | --- | --- | --- | --- |",
        *(aim.row() for aim in aims(found)),
        "",
        "## Every tool",
        "",
        "Medians. First: everything has to change. Again: nothing has to. CPU is the controller's.",
        "",
        "| machines | tool | runs | first | again | CPU a machine, again | execs, both |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *_rows(found.near),
    ]
    if found.far:
        lines += [
            "",
            f"## One machine, {1000 * found.round_trip:.0f} ms away",
            "",
            "Round trips: by how many the run takes longer than without the delay. Turns: how",
            "often the client said something after it had heard something, as the proxy saw it.",
            "",
            "| tool | runs | first | again | round trips, first / again | turns, first / again |",
            "| --- | --- | --- | --- | --- | --- |",
            *_far_rows(found),
        ]
    return "\n".join(lines) + "\n"


def _rows(near: Mapping[int, Runs]) -> Iterator[str]:
    for size, runs in near.items():
        for name, pairs in runs.items():
            if pairs:
                first, again = _median(pairs, _first), _median(pairs, _again)
                cpu = 1000 * _median(pairs, _again, _cpu) / size
                execs = [_median(pairs, each, _execs) for each in (_first, _again)]
                yield (
                    f"| {size} | {name} | {len(pairs)} | {first:.2f} s | {again:.2f} s | "
                    f"{cpu:.1f} ms | {execs[0]:.0f} / {execs[1]:.0f} |"
                )


def _far_rows(found: Found) -> Iterator[str]:
    for name, far in found.far.items():
        trips = [round_trips(far, which, found.round_trip) for which in (_first, _again)]
        turns = [_median(far.far, which, _turns) for which in (_first, _again)]
        yield (
            f"| {name} | {len(far.far)} | {_median(far.far, _first):.2f} s | "
            f"{_median(far.far, _again):.2f} s | {trips[0]:.1f} / {trips[1]:.1f} | "
            f"{turns[0]:.0f} / {turns[1]:.0f} |"
        )


def plot(found: Found) -> str:
    """Return the second runs' seconds as an SVG picture."""
    groups = {
        f"{size} machines": {name: _median(pairs, _again) for name, pairs in runs.items() if pairs}
        for size, runs in found.near.items()
    }
    return drawing.bars("Nothing to change: seconds, logarithmic", groups)
