"""Each fault at each step of a lab's life, then the same again: nothing is lost or made twice.

What happens during a fault may fail, and says so. The next run must bring everything there once,
and the one after that must find nothing to do.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from tests.e2e.vsphere import school, vcenter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Make = Callable[..., school.School]

pytestmark = pytest.mark.e2e

REPOSITORY = pathlib.Path(__file__).parents[3]
_MACHINES = 4
_KINDS = ("task", "expire", "before", "after")
_UP = ("CloneVM_Task", "ReconfigVM_Task", "CustomizeVM_Task", "PowerOnVM_Task")
_DOWN = ("PowerOffVM_Task", "Destroy_Task")
_CALLS = ("CreateFolder", "AddCustomFieldDef", "SetField", "RetrievePropertiesEx")
_PATIENCE = 120.0


def _tried(act: Callable[[], Mapping[str, Exception]]) -> list[str]:
    """Do something that may fail as labkit's failures do, and only so; return what it said."""
    try:
        failed = act()
    except errors.LabError as error:
        return [error.message]
    assert all(isinstance(each, errors.LabError) for each in failed.values()), failed
    return [str(each) for each in failed.values()]


def _all_there_once(there: vcenter.Vcenter) -> list[tuple[str, school.Seen]]:
    found = school.machines(there)
    assert [name for name, _ in found] == [
        "debian-12",
        *(f"s00-m{number:04}" for number in range(_MACHINES)),
    ]
    assert all(seen.running and seen.stamped for name, seen in found if name != "debian-12")
    return found


def _mends(there: vcenter.Vcenter, lab: school.School) -> None:
    """Bring the lab up again, which must work, and once more, which must change nothing."""
    assert there.counts().left == 0
    assert lab.up() == {}
    found = _all_there_once(there)
    lab.open()
    there.reset()
    assert lab.up() == {}
    assert set(there.counts().calls) <= school.READING
    assert _all_there_once(there) == found


def _goes(there: vcenter.Vcenter, lab: school.School) -> None:
    assert lab.destroy() == {}
    assert lab.leftovers() == []
    assert [name for name, _ in school.machines(there)] == ["debian-12"]


@pytest.mark.parametrize("method", _UP)
@pytest.mark.parametrize("kind", _KINDS)
def test_a_fault_while_machines_are_made(
    simulated: vcenter.Vcenter, make: Make, method: str, kind: str
) -> None:
    simulated.set(task=0.1)
    how = "linuxprep" if method == "CustomizeVM_Task" else "cloud-init"
    lab = make(1, _MACHINES, customization=how)
    simulated.fault(method, kind, "SystemError" if kind == "task" else "", skip=1)
    said = _tried(lab.up)
    assert bool(said) is (kind == "task"), said
    _mends(simulated, lab)
    _goes(simulated, lab)


@pytest.mark.parametrize("method", _CALLS)
@pytest.mark.parametrize("kind", ["call", "expire", "before", "after"])
def test_a_fault_of_a_call(simulated: vcenter.Vcenter, make: Make, method: str, kind: str) -> None:
    lab = make(1, _MACHINES)
    skip = 3 if method in {"SetField", "RetrievePropertiesEx"} else 0
    simulated.fault(method, kind, "SystemError" if kind == "call" else "", skip=skip)
    _tried(lab.up)
    _mends(simulated, lab)
    _goes(simulated, lab)


@pytest.mark.parametrize(("method", "skip"), [("AddDVPortgroup_Task", 0), ("SetField", 2)])
@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_port_group_that_is_cut_short(
    simulated: vcenter.Vcenter, make: Make, method: str, kind: str, skip: int
) -> None:
    lab = make(1, _MACHINES, hostonly={"switch": "DVS0", "vlan": 7})
    simulated.fault(method, kind, skip=skip)
    assert _tried(lab.up)
    _mends(simulated, lab)
    _goes(simulated, lab)
    assert "s00-hostonly" not in simulated.networks()


@pytest.mark.parametrize("method", _DOWN)
@pytest.mark.parametrize("kind", _KINDS)
def test_a_fault_while_machines_are_removed(
    simulated: vcenter.Vcenter, make: Make, method: str, kind: str
) -> None:
    lab = make(1, _MACHINES)
    assert lab.up() == {}
    simulated.set(task=0.1)
    simulated.fault(method, kind, "SystemError" if kind == "task" else "", skip=1)
    said = _tried(lab.destroy)
    assert bool(said) is (kind in {"task", "before", "after"}), said
    _mends(simulated, lab)
    _goes(simulated, lab)


def test_sessions_that_expire_all_the_time(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.set(task=0.3)
    methods = ("CloneVM_Task", "CustomizeVM_Task", "PowerOnVM_Task")
    for method in methods:
        simulated.fault(method, "expire", skip=1)
    lab = make(1, _MACHINES, customization="linuxprep")
    assert lab.up() == {}
    counts = simulated.counts()
    assert (counts.left, counts.logins) == (0, len(methods) + 1)
    _all_there_once(simulated)


def test_an_idle_session_is_renewed(simulated: vcenter.Vcenter, make: Make) -> None:
    lab = make(1, 1)
    opened = lab.open()[0]
    assert set(opened.provider.status()) == {"m0000"}
    simulated.set(idle=0.1)
    time.sleep(0.3)
    assert set(opened.provider.status()) == {"m0000"}
    assert simulated.counts().logins == 2


_RUN = """
import pathlib, sys
from tests.e2e.vsphere import school
lab = school.School(None, tuple(map(pathlib.Path, sys.argv[1:])))
print(lab.up(), flush=True)
"""


@pytest.mark.parametrize("method", ["CloneVM_Task", "ReconfigVM_Task", "PowerOnVM_Task"])
def test_a_run_that_was_killed_is_taken_up(
    simulated: vcenter.Vcenter, make: Make, method: str
) -> None:
    """The clones go on after SIGKILL; whoever looks too early makes them a second time."""
    simulated.set(task=1.5)
    lab = make(1, _MACHINES)
    with subprocess.Popen(
        [sys.executable, "-c", _RUN, *map(str, lab.files)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + _PATIENCE
        while simulated.counts().calls.get(method, 0) < 2:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert simulated.counts().running
    simulated.set(task=0.1)  # for what begins now; what is under way takes its time
    _mends(simulated, lab)
    _goes(simulated, lab)
