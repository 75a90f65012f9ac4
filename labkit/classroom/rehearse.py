"""How long a class would take to come up, and what it would take: simulated, not tried. Pure.

The provider that is simulated here has a host whose processors are shared evenly by all that want
one. A lab goes through three phases: labkit begins, all of its machines boot and are configured, at
most one a processor at the same time where they are emulated, and labkit verifies. Each phase is so
much work for one processor and so much waiting that needs none. Labs begin in order, so many at the
same time as the class says, and only where the host has memory and disk for them, as
`labkit.classroom.gate` demands; memory that a lab has got is never given back.

The work and the outside calls are those of four real students on one host, emulated. That run took
longer than rehearsed, since others had about half of the processors, which no rehearsal knows.
`./lab bench classroom` compares.

On a vCenter a machine is three tasks, one after the other, and a boot. Each takes the same time,
however many run: how long, only a real vCenter can say, so it is given. A lab has so many machines
under way as its window says. The calls were counted for four students on the simulator, with two
machines each and then with six: the vCenter is asked about all machines of a lab at once, so most
calls are the lab's and not its machines'. There 4 students with 2 machines, with tasks of 0.3 s and
a boot of a second, took 9 s and 272 calls, the first one 3 s.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
from typing import TYPE_CHECKING

from labkit.classroom import capacity, gate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labkit.plan import model


@dataclasses.dataclass(frozen=True, slots=True)
class Phase:
    """One piece of a lab's way."""

    work: float
    """Seconds of one processor."""
    wait: float = 0.0
    """Seconds that pass besides, however many processors there are."""


@dataclasses.dataclass(frozen=True, slots=True)
class Costs:
    """What a lab costs; it depends on the host."""

    begin: Phase
    """labkit begins: Python, the plan, keys, and looking at the host."""
    machine: Phase
    """A machine boots and is configured."""
    verify: Phase
    """labkit looks at one machine, keeps its state, and ends."""
    lab_calls: int
    """Programs and monitors that labkit asks once a lab."""
    machine_calls: int
    """Programs, monitors and round trips by SSH for each machine."""
    at_once: int = 0
    """Machines of a lab that are worked on at once; 0: one a processor."""


EMULATED = Costs(Phase(1.0), Phase(39.6, 3.0), Phase(4.0, 0.5), lab_calls=4, machine_calls=9)
"""Of QEMU's TCG, for machines of the shipped image with the profile base alone.

The sums were measured; how the work is shared out to boot and verify is estimated.
"""
HARDWARE = Costs(Phase(1.0), Phase(6.0, 3.0), Phase(2.0, 0.5), lab_calls=4, machine_calls=9)
"""Of KVM; not measured, but the work of the same boot without translation."""


TASKS = 3
"""A machine is cloned, gets its hardware, and is powered on."""


def vcenter(labs: Sequence[model.Lab], task: float, boot: float) -> Costs:
    """Return what labs on a vCenter cost.

    Args:
        labs: The labs; the smallest window of them counts.
        task: Seconds that each of a machine's tasks takes.
        boot: Seconds from power-on until SSH answers.
    """
    windows = (int(str(lab.provider_options.get("window", _WINDOW))) for lab in labs)
    return Costs(
        begin=Phase(1.0),
        machine=Phase(0.2, TASKS * task + boot),
        verify=Phase(0.2, 0.2),
        lab_calls=53,
        machine_calls=7,
        at_once=min(windows, default=_WINDOW),
    )


_WINDOW = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Prediction:
    """What a class comes to."""

    up: int
    """Students whose labs come up."""
    refused: int
    """Students for whom the host has no room."""
    seconds: float
    """Until the last lab is up and verified."""
    first: float
    """Until the first one is."""
    memory_mib: int
    disk_mib: int
    calls: int
    """Outside calls: programs, monitors, round trips by SSH."""


def rehearse(
    labs: Sequence[model.Lab], host: capacity.Host, jobs: int, costs: Costs = EMULATED
) -> Prediction:
    """Predict the first `up` of a class; memory and disk of a vCenter are those that it gives."""
    fit, memory, disk = _admitted(labs, host)
    on_vcenter = [lab for lab in fit if lab.provider == "vsphere"]
    memory += sum(machine.memory_mib for lab in on_vcenter for machine in lab.machines)
    disk += sum(map(_disk, on_vcenter))
    ends = _simulate([len(lab.machines) for lab in fit], host.cpus, jobs, costs)
    calls = sum(costs.lab_calls + costs.machine_calls * len(lab.machines) for lab in fit)
    return Prediction(
        up=len(fit),
        refused=len(labs) - len(fit),
        seconds=max(ends, default=0.0),
        first=min(ends, default=0.0),
        memory_mib=memory,
        disk_mib=disk,
        calls=calls,
    )


def _disk(lab: model.Lab) -> int:
    """Return the MiB of a lab's disks on a vCenter: whole ones, or what differs of linked ones."""
    if lab.provider_options.get("linked_clone") == "never":
        return sum(machine.disk_gib << 10 for machine in lab.machines)
    return capacity.DISK_FIRST * len(lab.machines)


def _admitted(labs: Sequence[model.Lab], host: capacity.Host) -> tuple[list[model.Lab], int, int]:
    """Return the labs for which there is room, one after the other, and what they take."""
    admitted: list[model.Lab] = []
    memory = disk = 0
    for lab in labs:
        taken = capacity.take(lab)
        room = gate.Room(host.memory_mib - memory, host.disk_mib - disk, 0.0)
        verdict, _ = gate.decide(room, gate.Need(taken.memory_mib, taken.disk_mib), ())
        if verdict is gate.Verdict.BEGIN:
            admitted.append(lab)
            memory, disk = memory + taken.memory_mib, disk + taken.disk_mib
    return admitted, memory, disk


@dataclasses.dataclass(slots=True)
class _Lab:
    """A lab under way."""

    phases: Iterator[tuple[Phase, ...]]
    waiting: list[Phase] = dataclasses.field(default_factory=list[Phase])
    active: int = 0


def _phases(machines: int, costs: Costs) -> Iterator[tuple[Phase, ...]]:
    yield (costs.begin,)
    yield (costs.machine,) * machines
    yield (costs.verify,) * machines


def _simulate(machines: Sequence[int], cpus: int, jobs: int, costs: Costs) -> list[float]:
    """Return when each lab is done: processors are shared evenly, waiting needs none."""
    clock = 0.0
    labs = iter([_Lab(_phases(count, costs)) for count in machines])
    working: list[tuple[float, int, _Lab, Phase]] = []  # by the shared work at which it ends
    waiting: list[tuple[float, int, _Lab]] = []  # by the time at which it ends
    numbers = itertools.count()
    shared = 0.0  # work that each active phase has got so far
    ends: list[float] = []

    def go_on(lab: _Lab) -> None:
        if not lab.waiting and not lab.active:
            lab.waiting = list(next(lab.phases, ()))
            if not lab.waiting:
                ends.append(clock)
                begin()
        while lab.waiting and lab.active < (costs.at_once or cpus):
            phase = lab.waiting.pop()
            lab.active += 1
            heapq.heappush(working, (shared + phase.work, next(numbers), lab, phase))

    def begin() -> None:
        lab = next(labs, None)
        if lab is not None:
            go_on(lab)

    for _ in range(jobs):
        begin()
    while working or waiting:
        rate = min(1.0, cpus / len(working)) if working else 1.0
        work_ends = clock + (working[0][0] - shared) / rate if working else float("inf")
        if waiting and waiting[0][0] <= work_ends:
            at, _, lab = heapq.heappop(waiting)
            shared, clock = shared + (at - clock) * (rate if working else 0.0), at
            lab.active -= 1
            go_on(lab)
        else:
            done, _, lab, phase = heapq.heappop(working)
            shared, clock = done, work_ends
            heapq.heappush(waiting, (clock + phase.wait, next(numbers), lab))
    return ends
