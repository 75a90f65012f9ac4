"""How each machine and network stands, after a report or by the plan alone."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from labkit.report import matrix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labkit.plan import model as plans
    from labkit.report import model

_SILENT = "answer"
"""The check that stands for a machine which showed nothing."""


class State(enum.Enum):
    """What is known of a machine, a card or a network."""

    PLANNED = "planned"
    UNSEEN = "unseen"
    GOOD = "good"
    FAILED = "failed"
    SILENT = "silent"


SIGNS = {
    State.PLANNED: "○",
    State.UNSEEN: "?",
    State.GOOD: "✓",
    State.FAILED: "✗",
    State.SILENT: "!",
}
"""A sign for each, because colours alone do not reach everybody."""


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """A state, and the same in words."""

    state: State
    text: str

    @property
    def sign(self) -> str:
        """The state as one character."""
        return SIGNS[self.state]


PLANNED = Standing(State.PLANNED, "as planned")
_UNSEEN = Standing(State.UNSEEN, "not looked at")


@dataclasses.dataclass(frozen=True, slots=True)
class Standings:
    """How everything stands."""

    machines: dict[str, Standing]
    networks: dict[str, Standing]
    """By kind."""
    cards: dict[tuple[str, str], Standing]
    """By machine and kind of network."""


def planned(lab: plans.Lab) -> Standings:
    """Return what is known without any machine."""
    return Standings(
        {machine.name: PLANNED for machine in lab.machines},
        {network.kind: PLANNED for network in lab.networks},
        {(machine.name, nic.kind): PLANNED for machine in lab.machines for nic in machine.nics},
    )


def standings(lab: plans.Lab, report: model.Report, matrices: Iterable[matrix.Matrix]) -> Standings:
    """Return what a report shows, the last look counting where there were two."""
    last = {each.network.kind: each for each in matrices}
    return Standings(
        {each.name: _machine(report, each.name) for each in lab.machines},
        {each.kind: _network(last.get(each.kind)) for each in lab.networks},
        {
            (each.name, nic.kind): _card(last.get(nic.kind), each.name)
            for each in lab.machines
            for nic in each.nics
        },
    )


def _machine(report: model.Report, name: str) -> Standing:
    results = [result for result in report.results if result.machine == name]
    failed = [result for result in results if not result.ok]
    if not results:
        return _UNSEEN
    if any(result.check == _SILENT for result in failed):
        return Standing(State.SILENT, "does not answer")
    if failed:
        return Standing(State.FAILED, f"{len(failed)} of {len(results)} failed")
    return Standing(State.GOOD, f"{len(results)} as it should be")


def _network(found: matrix.Matrix | None) -> Standing:
    if found is None:
        return _UNSEEN
    return _reached(found.good, len(found.cells), "pairs")


def _card(found: matrix.Matrix | None, machine: str) -> Standing:
    cells = [cell for (_, to), cell in found.cells.items() if to == machine] if found else []
    if not cells:
        return _UNSEEN
    good = sum(cell.reached is matrix.Reached.ALL for cell in cells)
    return _reached(good, len(cells), "machines")


def _reached(good: int, total: int, what: str) -> Standing:
    if good == total:
        return Standing(State.GOOD, f"reached by all {total} {what}")
    return Standing(State.FAILED, f"reached by {good} of {total} {what}")
