"""Classes on a simulated vCenter: how many calls they take, and that nothing foreign is touched.

How long it takes is for the benchmark to say (`./lab bench vsphere`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit.providers import base
from tests.e2e.vsphere import school, vcenter

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., school.School]

pytestmark = pytest.mark.e2e
_WINDOW = 8


def test_a_class_of_thirty(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.set(task=0.3)
    students = make(30, 4)
    simulated.reset()
    assert students.up() == {}
    counts = simulated.counts()
    there = [(name, seen) for name, seen in school.machines(simulated) if name != "debian-12"]
    assert len(there) == len({name for name, _ in there}) == 120
    assert all(seen.running and seen.stamped for _, seen in there)
    assert {(seen.cpus, seen.memory) for _, seen in there} == {(2, 2048)}
    assert len({mac for _, seen in there for mac in seen.macs}) == 240
    assert counts.most == _WINDOW
    assert counts.calls["CloneVM_Task"] == counts.calls["PowerOnVM_Task"] == 120
    assert counts.total <= 12 * 120, counts.calls


@pytest.mark.parametrize("number", [pytest.param(120), pytest.param(1000, marks=pytest.mark.slow)])
def test_many_machines(simulated: vcenter.Vcenter, make: Make, number: int) -> None:
    simulated.make("s00-foreign")
    simulated.make("m0000", on=True)
    many = make(1, number)
    before = school.machines(simulated)
    assert many.up() == {}
    simulated.reset()
    states = many.states()
    assert len(states) == number
    assert set(states.values()) == {base.State.RUNNING}
    counts = simulated.counts()
    assert counts.total <= 4, counts.calls
    up = school.machines(simulated)
    many.open()  # which logs the one before out
    simulated.reset()
    assert many.up() == {}
    counts = simulated.counts()
    assert counts.total <= 20, counts.calls
    assert set(counts.calls) <= school.READING
    assert school.machines(simulated) == up
    many.open()
    simulated.reset()
    assert many.destroy() == {}
    counts = simulated.counts()
    assert counts.total <= 8 * number, counts.calls
    assert school.machines(simulated) == before
    assert many.leftovers() == []


def test_answers_in_pages_are_read_to_their_end(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.set(page=5)
    many = make(1, 12)
    assert many.up() == {}
    assert list(many.states().values()) == [base.State.RUNNING] * 12
    assert many.destroy() == {}
    assert [name for name, _ in school.machines(simulated)] == ["debian-12"]
