"""Who reaches whom: a machine a row and a column, over each network."""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labkit.plan import model as plans
    from labkit.report import model

_SUBJECT = re.compile(r"(?P<way>.+) to (?P<peer>\S+) \((?P<address>[0-9.]{7,15})\)")
"""How a check names one machine's way to another, for example `ping to web-01 (192.0.2.1)`."""


class Reached(enum.Enum):
    """How much of what was tried from one machine to another worked."""

    ALL = "all"
    SOME = "some"
    NONE = "none"


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """All ways from one machine to another over one network."""

    ways: Mapping[str, bool]

    @property
    def reached(self) -> Reached:
        """Whether all ways worked, some, or none."""
        if all(self.ways.values()):
            return Reached.ALL
        return Reached.SOME if any(self.ways.values()) else Reached.NONE

    @property
    def failed(self) -> tuple[str, ...]:
        """The ways that did not work."""
        return tuple(way for way, ok in self.ways.items() if not ok)


@dataclasses.dataclass(frozen=True, slots=True)
class Matrix:
    """The pairs of machines over one network, as they were at one time."""

    network: plans.Network
    when: str
    machines: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    """By the machine that tried and the one that was tried."""

    @property
    def ways(self) -> tuple[str, ...]:
        """What was tried, for example ping."""
        return tuple(dict.fromkeys(way for cell in self.cells.values() for way in cell.ways))

    @property
    def good(self) -> int:
        """The number of pairs between which all ways work."""
        return sum(cell.reached is Reached.ALL for cell in self.cells.values())


def matrices(lab: plans.Lab, results: Iterable[model.Result]) -> tuple[Matrix, ...]:
    """Find what was tried from machine to machine among the results, whichever check did it."""
    found: dict[tuple[str, str], dict[tuple[str, str], dict[str, bool]]] = {}
    networks = {network.kind: network for network in lab.networks}
    known = {machine.name for machine in lab.machines}
    for result in results:
        said = _SUBJECT.fullmatch(result.subject[:500])
        network = _network(lab, said["address"]) if said else None
        if said and network and {said["peer"], result.machine} <= known:
            cells = found.setdefault((network.kind, result.when), {})
            ways = cells.setdefault((result.machine, said["peer"]), {})
            ways[said["way"]] = result.ok and ways.get(said["way"], True)
    names = tuple(machine.name for machine in lab.machines)
    return tuple(
        Matrix(networks[kind], when, names, {pair: Cell(ways) for pair, ways in cells.items()})
        for (kind, when), cells in found.items()
    )


def _network(lab: plans.Lab, address: str) -> plans.Network | None:
    try:
        wanted = ipaddress.IPv4Address(address)
    except ValueError:
        return None
    return next((network for network in lab.networks if wanted in network.subnet), None)
