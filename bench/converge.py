"""labkit's converge engine beside its peers: the same ten operations on real sshd machines.

`./lab bench converge` runs it; root only, since machines are namespaces. It writes
docs/explanation/figures/converge.md and converge.svg.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import sys
import time
from typing import TYPE_CHECKING

from bench import (
    contestants,
    enclosure,
    farm,
    figures,
    host,
    measure,
    peers,
    proxy,
    script,
    workload,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

FIGURES = pathlib.Path(__file__).parents[1] / "docs" / "explanation" / "figures"
SIZES = (4, 16, 64)
ROUNDS = 5
TOOLS = ("labkit", "OpenSSH", "pyinfra", "ansible-core")
ROUND_TRIP = 0.2
FAR = {"labkit": 3, "OpenSSH": 3, "pyinfra": 1, "ansible-core": 1}
"""Runs over the long way; none of them differs by more than a hundredth."""


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    sizes: tuple[int, ...]
    rounds: int
    tools: tuple[str, ...]
    far: bool
    into: pathlib.Path


def options(words: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench.converge", description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of machines")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each tool at each size")
    parser.add_argument("--tools", default=",".join(TOOLS), help="labkit is always among them")
    parser.add_argument("--near", action="store_true", help="leave the long way out")
    parser.add_argument("--into", type=pathlib.Path, default=FIGURES, help="folder of the figures")
    given = parser.parse_args(words)
    tools = tuple(name for name in TOOLS if name in {"labkit", *given.tools.split(",")})
    sizes = tuple(sorted(int(size) for size in given.sizes.split(",")))
    return Options(sizes, given.rounds, tools, not given.near, given.into.absolute())


def main() -> None:
    """Measure, print, and write the figures."""
    wanted = options(sys.argv[1:])
    if {"pyinfra", "ansible-core"} & set(wanted.tools):
        peers.ensure()
    enclosure.enter("bench.converge", sys.argv[1:])
    started = time.monotonic()
    with farm.running(max(wanted.sizes)) as machines:
        _say(f"{len(machines.machines)} machines run, after {time.monotonic() - started:.1f} s")
        near = {size: _near(machines, size, wanted) for size in wanted.sizes}
        far = _far(machines, wanted) if wanted.far else {}
    found = figures.Found(near, far, host.about(wanted.tools), ROUND_TRIP)
    wanted.into.mkdir(parents=True, exist_ok=True)
    text = figures.page(found)
    (wanted.into / "converge.md").write_text(text, encoding="utf-8")
    (wanted.into / "converge.svg").write_text(figures.plot(found), encoding="utf-8")
    print(text)
    _say(f"all of it took {time.monotonic() - started:.0f} s")


def _near(machines: farm.Farm, size: int, wanted: Options) -> figures.Runs:
    """Run all tools in turns, so that a busy moment of the host hits each of them."""
    some = machines.machines[:size]
    targets = [contestants.Target(machine, machine.address) for machine in some]
    tools = _tools(machines, targets, f"near-{size}")
    runs: figures.Runs = {name: [] for name in wanted.tools}
    for number in range(wanted.rounds):
        for name in wanted.tools:
            runs[name].append(measure.pair(tools[name], some, enclosure.FOLDER / "said"))
            _tell(f"{size} machines, round {number + 1}", name, runs[name][-1])
    return runs


def _far(machines: farm.Farm, wanted: Options) -> dict[str, figures.Far]:
    """Run all tools on one machine through a proxy, without a delay and with one."""
    return {name: _both_ways(machines, name) for name in wanted.tools}


def _both_ways(machines: farm.Farm, name: str) -> figures.Far:
    near = [_through(machines, name, 0.0) for _ in range(FAR[name])]
    far = [_through(machines, name, ROUND_TRIP / 2) for _ in range(FAR[name])]
    return figures.Far(near, far)


def _through(machines: farm.Farm, name: str, delay: float) -> measure.Pair:
    """Run a tool on one machine through a proxy of its own."""
    machine = machines.machines[0]
    with proxy.between(machine.address, 22, proxy.Way(delay=delay)) as between:
        machines.know(machine, proxy.HOST, between.port)
        target = contestants.Target(machine, proxy.HOST, between.port)
        tool = _tools(machines, [target], f"far-{between.port}")[name]
        traffic = between.traffic
        before = traffic.turns
        said = enclosure.FOLDER / "said"
        found = measure.pair(tool, [machine], said, lambda: traffic.turns - before)
    _tell(f"{2000 * delay:.0f} ms round trip", name, found)
    return found


def _tools(
    machines: farm.Farm, targets: Sequence[contestants.Target], folder: str
) -> dict[str, contestants.Tool]:
    """Write what the tools need to know, and, at the machines' start, OpenSSH's scripts."""
    path = enclosure.FOLDER / folder
    some = [target.machine for target in targets]
    tools = contestants.prepare(machines, targets, path)
    farm.everywhere(some, workload.START)
    workload.ready(some[0].run(workload.check(some[0].name)))
    labkit = tools["labkit"]
    measure.once(labkit, contestants.scripts(labkit, path), some, enclosure.FOLDER / "said")
    return tools


def _tell(where: str, name: str, pair: measure.Pair) -> None:
    first, again = pair.first, pair.again
    _say(
        f"{where}: {name}: first {first.wall:.2f} s, {first.execs:.0f} execs;"
        f" again {again.wall:.2f} s, {again.execs:.0f} execs, {again.cpu:.2f} s CPU"
    )


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


if __name__ == "__main__":
    script.run(main)
