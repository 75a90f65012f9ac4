"""How long verify's matrix takes: each of many machines tries all others, at once.

`./lab bench matrix` runs it in namespaces of its own and writes docs/explanation/figures/matrix.md.
The machines are those of `bench.farm`: real sshds, a bridge between them, and the host's processors
for all of them together.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import statistics
import sys
import time
from typing import TYPE_CHECKING

from bench import enclosure, farm, host, script
from labkit import errors, parallel, shell
from labkit.plan import build
from labkit.spec import load
from labkit.ssh import session as sessions
from labkit.verify import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.plan import model

FIGURES = pathlib.Path(__file__).parents[1] / "docs" / "explanation" / "figures" / "matrix.md"
SIZES = (4, 16, 64)
ROUNDS = 5
BOUND = 6.0
"""Seconds for 64 machines on two cores."""
_WAYS = 3
"""Small packets, full packets and TCP."""


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of one round."""

    log_in: float
    look: float


def lab(machines: Sequence[farm.Machine]) -> model.Lab:
    """Plan a lab whose machines are those of the farm."""
    lines = [
        "lab: matrix",
        f"networks: {{hostonly: {{subnet: {enclosure.NETWORK}.0/24}}}}",
        "machines:",
    ]
    for machine in machines:
        last = machine.address.rpartition(".")[2]
        lines.append(f"  {machine.name}: {{nat: 10.0.2.{last}, hostonly: {machine.address}}}")
    return build.build(load.parse("\n".join(lines) + "\n"))


def once(machines: farm.Farm, size: int) -> Taken:
    """Log in to some machines and let each try all others; every pair must have answered.

    Raises:
        errors.LabError: One has not.
    """
    some = machines.machines[:size]
    plan = lab(some)
    opened = {each.name: sessions.Session(machines.endpoint(each)) for each in some}
    start = time.monotonic()
    try:
        parallel.raise_first(parallel.each(opened, lambda session: session.open()))
        there = time.monotonic()
        subjects = [run.Subject(each, (), opened[each.name]) for each in plan.machines]
        report = run.verify(plan, subjects, only=["reach"])
        end = time.monotonic()
    finally:
        for session in opened.values():
            session.close()
    if not report.ok or len(report.results) != _WAYS * size * (size - 1):
        raise errors.LabError(f"{len(report.failures)} of {len(report.results)} ways failed")
    return Taken(there - start, end - there)


def introduce(machines: Sequence[farm.Machine]) -> None:
    """Tell each machine the hardware addresses of all.

    One kernel keeps what all namespaces have learnt in one table of 1,024 neighbours (arp(7)),
    which is too few for 4,032 pairs. Machines with kernels of their own have a table each.
    """
    said = farm.everywhere(machines, "ip -j link show dev eth0")
    known = {name: json.loads(printed)[0]["address"] for name, printed in said.items()}
    for machine in machines:
        lines = "".join(
            f"neighbour replace {each.address} lladdr {known[each.name]} dev eth0 nud permanent\n"
            for each in machines
            if each is not machine
        )
        machine.run(shell.heredoc("ip -batch -", lines) + "\n")


def page(found: dict[int, list[Taken]], about: str) -> str:
    """Write what was measured as a page."""
    lines = [
        "<!-- Written by './lab bench matrix'; do not edit. -->\n",
        f"{about}\n",
        (
            "Each machine tries each other one by a small packet, a full one and TCP: "
            "`labkit verify` with the check `reach` alone. All know each other's hardware "
            "addresses beforehand, since one kernel's table of neighbours is too small for all of "
            "them. Medians; the range of the whole in parentheses.\n"
        ),
        "| machines | pairs | log in | matrix | both |",
        "| --- | --- | --- | --- | --- |",
    ]
    for size, rounds in found.items():
        log_in, look = (
            statistics.median(values)
            for values in ([each.log_in for each in rounds], [each.look for each in rounds])
        )
        whole = [each.log_in + each.look for each in rounds]
        lines.append(
            f"| {size} | {size * (size - 1)} | {log_in:.2f} s | {look:.2f} s | "
            f"{statistics.median(whole):.2f} s ({min(whole):.2f} to {max(whole):.2f}) |"
        )
    largest = max(found)
    reached = statistics.median(each.log_in + each.look for each in found[largest])
    if largest == max(SIZES):
        verdict = "yes" if reached <= BOUND else "**no**"
        lines.append(f"\nAt most {BOUND:.0f} s for {largest} machines on two cores: {verdict}.")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    words = parser.parse_args()
    enclosure.enter("bench.matrix", sys.argv[1:])
    with farm.running(max(words.sizes)) as machines:
        introduce(machines.machines)
        found: dict[int, list[Taken]] = {size: [] for size in words.sizes}
        for _ in range(words.rounds):
            for size, rounds in found.items():
                rounds.append(once(machines, size))
                print(size, rounds[-1], flush=True)
    text = page(found, host.about(()))
    FIGURES.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    script.run(main)
