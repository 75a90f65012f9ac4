"""Which step leads on, from whatever a run before has left."""

from __future__ import annotations

import dataclasses

import pytest

from labkit.providers.vsphere import inventory, wanted
from tests.providers.vsphere import sample

Step = wanted.Step
NEW = dataclasses.replace(sample.OWN, state="")
LINUXPREP = dataclasses.replace(sample.WANTED, linuxprep=True)
TOLD = wanted.told(sample.WANTED, sample.seen())


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        (None, Step.CLONE),
        (sample.seen(marked=False, stamp=NEW), Step.RECONFIGURE),
        (sample.seen(marked=False, stamp=NEW, extra=TOLD), Step.STAMP),
        (sample.seen(stamp=NEW, extra=TOLD), Step.STAMP),
        (sample.seen(cpus=1), Step.RECONFIGURE),
        (sample.seen(memory_mib=512), Step.RECONFIGURE),
        (sample.seen(cards=sample.seen().cards[:1]), Step.RECONFIGURE),
        (
            sample.seen(disks=(inventory.Disk(1 << 20, shared=False, device=None),)),
            Step.RECONFIGURE,
        ),
        (sample.seen(disks=(inventory.Disk(1 << 20, shared=True, device=None),)), Step.POWER_ON),
        (sample.seen(), Step.POWER_ON),
        (sample.seen(running=True), Step.NOTHING),
        (sample.seen(running=True, cpus=1), Step.NOTHING),
        (sample.seen(running=True, marked=False), Step.STAMP),
    ],
)
def test_the_next_step(seen: inventory.Machine | None, step: wanted.Step) -> None:
    assert wanted.step(sample.WANTED, seen) is step


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        (sample.seen(marked=False, stamp=NEW), Step.CUSTOMIZE),
        (sample.seen(marked=False, stamp=NEW, pending=True), Step.STAMP),
        (sample.seen(), Step.POWER_ON),
    ],
)
def test_the_next_step_with_linuxprep(seen: inventory.Machine, step: wanted.Step) -> None:
    assert wanted.step(LINUXPREP, seen) is step


def test_how_hardware_differs_in_words() -> None:
    machine, networks = sample.WANTED.machine, sample.WANTED.networks
    assert wanted.difference(machine, networks, sample.seen()) == ()
    other = sample.seen(cpus=4, memory_mib=512, networks=frozenset({"network-7"}))
    assert wanted.difference(machine, networks, other) == (
        "4 CPUs, not 2",
        "512 MiB of memory, not 1024",
        "other networks",
    )
