"""Whether a class fits on its host: memory, processors, disk, addresses and ports. Pure.

What a lab takes is counted from its plan. The figures beside it are for emulated machines of the
shipped image.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.plan import model

MEMORY_BESIDE = 200
"""MiB that QEMU takes for a machine beside the machine's own memory, 128 of them for TCG.

Eight machines of 256 MiB each had 430 to 450 MiB resident while they booted.
"""
MEMORY_SWITCH = 11
"""MiB that the switch of a lab's segment has resident after a gigabit went through it."""
DISK_FIRST = 300
"""MiB of disk for a machine of the shipped image that is up and verified; 220 were measured."""
SHARE = 8
"""Virtual CPUs for each processor: machines of a class wait more than they work."""
MEMORY_RESERVE = 1024
"""MiB of memory that the host keeps for itself."""
DISK_RESERVE = 2048
"""MiB of disk space that stay free."""
ADDRESSES = 254 * 256 * 254
PORTS = 22_528
"""On each address."""


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """What a host has for a class."""

    memory_mib: int
    cpus: int
    disk_mib: int


@dataclasses.dataclass(frozen=True, slots=True)
class Take:
    """What one student's lab takes."""

    memory_mib: int
    cpus: int
    disk_mib: int
    ports: int


@dataclasses.dataclass(frozen=True, slots=True)
class Resource:
    """One thing of which a host has only so much."""

    name: str
    unit: str
    needed: int
    available: int
    fit: int
    """How many students it is enough for; more than there are only where they are all alike."""


def take(lab: model.Lab) -> Take:
    """Count what a lab takes of the host that labkit runs on; on a vCenter, nothing."""
    machines = lab.machines
    if lab.provider == "vsphere":
        return Take(memory_mib=0, cpus=0, disk_mib=0, ports=0)
    is_qemu = lab.provider == "qemu"
    beside, switch = (MEMORY_BESIDE, MEMORY_SWITCH) if is_qemu else (0, 0)
    return Take(
        memory_mib=sum(each.memory_mib + beside for each in machines) + switch,
        cpus=sum(each.cpus for each in machines),
        disk_mib=DISK_FIRST * len(machines),
        ports=len(machines),
    )


def jobs(lab: model.Lab, cpus: int) -> int:
    """Return how many labs to bring up at the same time, where nobody has said it.

    An emulated machine that boots is pure work for a processor. More of them at the same time than
    there are processors only make each other slower, until one does not answer in time.
    """
    return max(1, cpus // len(lab.machines)) if lab.provider == "qemu" else max(1, cpus)


def need(taken: Take, machines: int, missing: int) -> tuple[int, int]:
    """Return the MiB of memory and of disk that the machines take that do not run yet."""
    share = missing / machines if machines else 0.0
    return int(taken.memory_mib * share), int(taken.disk_mib * share)


def weigh(labs: Sequence[model.Lab], host: Host) -> tuple[Resource, ...]:
    """Compare what all labs take with what there is; nothing where they take nothing of a host."""
    takes = [take(lab) for lab in labs]
    if not any(each.ports for each in takes):
        return ()
    memory = max(0, host.memory_mib - MEMORY_RESERVE)
    disk = max(0, host.disk_mib - DISK_RESERVE)
    return (
        _resource("memory", "MiB", [each.memory_mib for each in takes], memory),
        _resource("virtual CPUs", "", [each.cpus for each in takes], host.cpus * SHARE),
        _resource("disk", "MiB", [each.disk_mib for each in takes], disk),
        _resource("loopback addresses", "", [1 for _ in takes], ADDRESSES),
        _resource(
            "ports of an address",
            "",
            [max((each.ports for each in takes), default=0)],
            PORTS,
            len(takes),
        ),
    )


def bottleneck(resources: Sequence[Resource]) -> Resource | None:
    """Return what runs out first; None where nothing of this host does."""
    return min(resources, key=lambda each: each.fit, default=None)


def _resource(
    name: str, unit: str, each: Sequence[int], available: int, students: int | None = None
) -> Resource:
    """Count how many students fit: the small ones first; beyond the class, like its greatest."""
    if students is not None:  # each student has these alone
        fits = sum(each) <= available
        return Resource(name, unit, sum(each), available, ADDRESSES if fits else 0)
    fit = sum(total <= available for total in itertools.accumulate(sorted(each)))
    if each and fit == len(each):
        most = max(each)
        fit = fit + (available - sum(each)) // most if most else ADDRESSES
    return Resource(name, unit, sum(each), available, fit)
