from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit.classroom import capacity
from labkit.tasks.classroom import plan as plan_task

if TYPE_CHECKING:
    from labkit.plan import model

_HOST = capacity.Host(memory_mib=1024 + 10_000, cpus=2, disk_mib=2048 + 5000)


def test_what_a_lab_takes(default_lab: model.Lab) -> None:
    taken = capacity.take(default_lab)
    assert taken == capacity.Take(memory_mib=4 * (512 + 200) + 11, cpus=4, disk_mib=1200, ports=4)
    assert capacity.need(taken, 4, 4) == (2859, 1200)
    assert capacity.need(taken, 4, 1) == (714, 300)
    assert capacity.need(taken, 4, 0) == (0, 0)


def test_a_lab_on_a_vcenter_takes_nothing_of_this_host(default_lab: model.Lab) -> None:
    elsewhere = dataclasses.replace(default_lab, provider="vsphere")
    assert capacity.take(elsewhere) == capacity.Take(0, 0, 0, 0)
    found = capacity.weigh([elsewhere] * 30, capacity.Host(2048, 1, 4096))
    assert found == ()
    assert capacity.bottleneck(found) is None
    assert plan_task.verdict(30, found) == (
        "this host sets no limit to 30 students: their machines are on a vCenter, "
        "where 'class.up' looks for room"
    )


def test_no_more_machines_boot_than_there_are_processors(default_lab: model.Lab) -> None:
    assert [capacity.jobs(default_lab, cpus) for cpus in (1, 2, 4, 8, 32)] == [1, 1, 1, 2, 8]
    elsewhere = dataclasses.replace(default_lab, provider="virtualbox")
    assert capacity.jobs(elsewhere, 8) == 8


def test_how_many_fit_and_what_runs_out_first(default_lab: model.Lab) -> None:
    found = {each.name: each for each in capacity.weigh([default_lab] * 3, _HOST)}
    assert {name: (each.needed, each.available, each.fit) for name, each in found.items()} == {
        "memory": (8577, 10_000, 3),
        "virtual CPUs": (12, 16, 4),
        "disk": (3600, 5000, 4),
        "loopback addresses": (3, 16_516_096, 16_516_096),
        "ports of an address": (4, 22_528, 16_516_096),
    }
    first = capacity.bottleneck([*found.values()])
    assert first is not None
    assert first.name == "memory"
    assert plan_task.verdict(3, [*found.values()]) == (
        "all 3 students fit; the first limit is memory, at 3"
    )


def test_small_labs_fit_where_a_great_one_does_not(default_lab: model.Lab) -> None:
    machine = dataclasses.replace(default_lab.machines[0], memory_mib=20_000)
    great = dataclasses.replace(default_lab, machines=(machine,))
    memory, *rest = capacity.weigh([great, default_lab, default_lab], _HOST)
    assert memory.fit == 2
    assert plan_task.verdict(3, [memory, *rest]) == (
        "2 of 3 students fit: the bottleneck is memory"
    )
