"""Templates that machines were baked into: kept whole or not at all, and removed as ours only."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors
from labkit.providers import base, keeper
from labkit.providers.vsphere import baked, remember
from tests.e2e.vsphere import school, vcenter

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.lifecycle import context

    Make = Callable[..., school.School]

pytestmark = pytest.mark.e2e
ABOUT = keeper.About("debian-12 with base", "ab" * 32, ("base",))
NAME = "labkit-baked-abababababab"


def _keeper(lab: context.Context) -> baked.Keeper:
    found = lab.provider.keeper
    assert isinstance(found, baked.Keeper)
    return found


def _keep(labs: school.School) -> None:
    """Make a template of a machine, as another process would."""
    lab = labs.open()[0]
    _keeper(lab).keep(lab.lab.machines[0], ABOUT)


def _mine(there: vcenter.Vcenter) -> list[keeper.Kept]:
    """What is listed of this vCenter; the tests before may have left others to look at."""
    (known,) = [each for each in remember.known() if each.port == there.port]
    return list(baked.on(known))


def _templates(there: vcenter.Vcenter) -> list[str]:
    return [name for name, _ in school.machines(there) if name.startswith("labkit-baked-")]


_STEPS = ("CloneVM_Task", "CreateSnapshot_Task", "MarkAsTemplate", "SetField")
_FAULTS = ("task", "expire", "before", "after")
_QUICK = {("CloneVM_Task", "after"), ("CreateSnapshot_Task", "task"), ("SetField", "before")}


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        pytest.param(*case, marks=() if case in _QUICK else pytest.mark.slow)
        for case in itertools.product(_STEPS, _FAULTS)
    ],
)
def test_one_that_is_cut_short_is_made_anew(
    simulated: vcenter.Vcenter, make: Make, method: str, fault: str
) -> None:
    simulated.set(task=0.1)
    labs = make(1, 1)
    assert labs.up() == {}
    if fault == "task" and not method.endswith("_Task"):
        fault = "call"
    simulated.fault(method, fault, "SystemError" if fault in {"task", "call"} else "")
    with contextlib.suppress(errors.LabError) if fault != "expire" else contextlib.nullcontext():
        _keep(labs)
    assert simulated.counts().left == 0
    if not _keeper(labs.open()[0]).find(ABOUT.digest):
        lab = labs.open()[0]
        _keeper(lab).keep(lab.lab.machines[0], ABOUT)
    assert _templates(simulated) == [NAME]
    kept = _keeper(labs.open()[0]).find(ABOUT.digest)
    assert kept is not None
    assert kept.about == ABOUT
    assert labs.destroy() == {}
    assert [each.about for each in _mine(simulated)] == [ABOUT], "it stays without its lab"
    for each in _mine(simulated):
        assert each.user(()) == ""
        each.remove()
    assert _templates(simulated) == []
    with simulated.session() as instance:
        folders = vcenter.everything(instance, vcenter.vim.Folder)
        assert "labkit" not in {each.name for each in folders}


def test_machines_are_linked_to_it(simulated: vcenter.Vcenter, make: Make) -> None:
    labs = make(2, 2)
    first = school.School(simulated, labs.files[:1])
    assert first.up() == {}
    _keep(first)
    lab = labs.open()[1]
    kept = _keeper(lab).find(ABOUT.digest)
    assert kept is not None
    lab.provider.birth = lambda _: base.Birth(kept)
    lab.space.make()
    lab.provider.prepare()
    simulated.reset()
    for machine in lab.lab.machines:
        lab.provider.start(machine)
    print(simulated.counts().calls)
    with simulated.session() as instance:
        machines = vcenter.everything(instance, vcenter.vim.VirtualMachine)
        disks = {
            each.name: device.backing.parent.fileName
            for each in machines
            for device in each.config.hardware.device
            if isinstance(device, vcenter.vim.vm.device.VirtualDisk) and device.backing.parent
        }
        (template,) = [each for each in machines if each.name == NAME]
        assert template.config.template
        said = {each.key: each.value for each in template.config.extraConfig}
        assert not [key for key in said if key.startswith("guestinfo.")], "a private key is there"
        assert "labkit.origin" not in said
    assert {name for name, file in disks.items() if NAME in file} == {
        f"s01-{machine.name}" for machine in lab.lab.machines
    }
    (listed,) = _mine(simulated)
    assert listed.user(()) == (
        f"the machine 's01-{lab.lab.machines[0].name}' on the vCenter is linked to it"
    )
    assert labs.destroy() == {}
    (listed,) = _mine(simulated)
    assert listed.user(()) == ""
    listed.remove()
    assert [name for name, _ in school.machines(simulated)] == ["debian-12"]


def test_one_of_somebody_else_is_left_alone(simulated: vcenter.Vcenter, make: Make) -> None:
    labs = make(1, 1)
    assert labs.up() == {}
    foreign = simulated.make(NAME, folder=simulated.folder("labkit"))
    with pytest.raises(errors.ProviderError) as caught:
        _keep(labs)
    assert (caught.value.message, caught.value.hint) == (
        (
            f"the machine '{NAME}' on the vCenter has the name of a baked template, and is not "
            "labkit's"
        ),
        "labkit leaves it alone; rename it",
    )
    assert _mine(simulated) == []
    assert _keeper(labs.open()[0]).find(ABOUT.digest) is None
    assert labs.destroy() == {}
    assert [seen.moid for name, seen in school.machines(simulated) if name == NAME] == [foreign]


def test_what_it_begins_with_decides(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.template("other")
    simulated.stock("images", "debian 12", "ovf")
    simulated.make("plain", template=True)
    sources = list[Any]()
    for said in (
        {},
        {"template": "other"},
        {"template": "plain"},
        {"template": None, "library": "images/debian 12"},
    ):
        lab = make(1, 1, **said).open()[0]
        machine = dataclasses.replace(lab.lab.machines[0], name="any")
        sources.append(_keeper(lab).source(machine))
        assert _keeper(lab).account(machine) == "lab"
    assert [each[0] for each in sources] == ["snapshot", "snapshot", "template", "library"]
    assert len({str(each) for each in sources}) == len(sources)
