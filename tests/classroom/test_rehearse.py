"""The simulated provider: processors are shared, labs begin in order, memory runs out."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from labkit.classroom import capacity, rehearse

if TYPE_CHECKING:
    from labkit.plan import model

_COSTS = rehearse.Costs(
    begin=rehearse.Phase(1.0),
    machine=rehearse.Phase(10.0, 2.0),
    verify=rehearse.Phase(3.0),
    lab_calls=5,
    machine_calls=7,
)
_HOST = capacity.Host(memory_mib=100_000, cpus=2, disk_mib=100_000)


def _lab(lab: model.Lab, machines: int) -> model.Lab:
    return dataclasses.replace(lab, machines=lab.machines[:machines])


@pytest.mark.parametrize(
    ("size", "first", "last"),
    [
        ((1, 1, 1, 1), 16, 16),  # 1 + 10 + 2 + 3, one after the other
        ((1, 2, 2, 1), 16, 16),  # each machine has a processor
        ((1, 2, 1, 1), 31, 31),  # as many machines boot as there are processors
        ((2, 1, 2, 2), 16, 16),
        ((2, 1, 2, 1), 16, 32),  # the second begins when the first is done
        ((2, 1, 1, 2), 30, 30),  # two labs share a processor, but not the waiting
        ((4, 1, 4, 4), 16, 16),
    ],
)
def test_how_long_it_takes(
    default_lab: model.Lab,
    size: tuple[int, int, int, int],
    first: float,
    last: float,
) -> None:
    students, machines, cpus, jobs = size
    host = dataclasses.replace(_HOST, cpus=cpus)
    labs = [_lab(default_lab, machines)] * students
    found = rehearse.rehearse(labs, host, jobs, _COSTS)
    assert (found.first, found.seconds) == (pytest.approx(first), pytest.approx(last))


def test_what_it_takes(default_lab: model.Lab) -> None:
    found = rehearse.rehearse([default_lab] * 10, _HOST, 2, _COSTS)
    assert (found.up, found.refused) == (10, 0)
    assert found.memory_mib == 10 * (4 * (512 + 200) + 11)
    assert found.disk_mib == 10 * 4 * 300
    assert found.calls == 10 * (5 + 4 * 7)
    assert json.dumps(dataclasses.asdict(found))


def test_a_host_that_runs_full(default_lab: model.Lab) -> None:
    host = dataclasses.replace(_HOST, memory_mib=1024 + 3 * 2859)
    found = rehearse.rehearse([default_lab] * 5, host, 2, _COSTS)
    assert (found.up, found.refused) == (3, 2)
    small = dataclasses.replace(_HOST, disk_mib=2048 + 1200)
    assert rehearse.rehearse([default_lab] * 5, small, 2, _COSTS).up == 1
    # The plan, which is asked first, admits as many.
    memory, *_ = capacity.weigh([default_lab] * 5, host)
    assert (memory.name, memory.fit) == ("memory", 3)
    none = dataclasses.replace(_HOST, memory_mib=1)
    assert rehearse.rehearse([default_lab], none, 2, _COSTS) == rehearse.Prediction(
        up=0, refused=1, seconds=0.0, first=0.0, memory_mib=0, disk_mib=0, calls=0
    )


def test_a_vcenter(default_lab: model.Lab) -> None:
    options = {"window": 2, "linked_clone": "auto"}
    lab = dataclasses.replace(default_lab, provider="vsphere", provider_options=options)
    costs = rehearse.vcenter([lab, dataclasses.replace(lab, provider_options={})], 2.0, 10.0)
    assert (costs.at_once, costs.machine.wait) == (2, 16.0)
    tiny = capacity.Host(memory_mib=1, cpus=1, disk_mib=1)
    found = rehearse.rehearse([lab] * 2, tiny, 2, costs)
    assert (found.up, found.refused) == (2, 0), "it takes nothing of this host"
    assert (found.memory_mib, found.disk_mib) == (2 * 4 * 512, 2 * 4 * 300)
    assert found.calls == 2 * (53 + 4 * 7)
    # Both labs wait at the same time, each of them twice for two of its four machines.
    assert 32 < found.seconds < 32 + 2 * (1.0 + 4 * 0.2 + 4 * 0.2) + 4 * 0.2 + 0.01
    whole = dataclasses.replace(lab, provider_options={"linked_clone": "never"})
    gib = sum(machine.disk_gib for machine in lab.machines)
    assert rehearse.rehearse([whole], tiny, 1, costs).disk_mib == gib << 10
