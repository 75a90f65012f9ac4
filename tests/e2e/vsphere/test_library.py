"""Machines that are made of an item of a content library, which is copied once."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.providers.vsphere import remember
from tests.e2e.vsphere import school, vcenter
from tests.e2e.vsphere.api import vim

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., school.School]

pytestmark = pytest.mark.e2e
_FORM = "write providers.vsphere.library as LIBRARY/ITEM; labkit may have to be allowed to read it"
_ITEM = {"template": None, "library": "images/debian 12"}


def _names(there: vcenter.Vcenter) -> list[str]:
    return [name for name, _ in school.machines(there) if name != "debian-12"]


def _copies(there: vcenter.Vcenter) -> list[str]:
    return [name for name in _names(there) if name.startswith("labkit-debian 12-")]


def _up(there: vcenter.Vcenter, labs: school.School) -> None:
    """Bring labs up, to each machine and the copy once; then again, which changes nothing."""
    assert labs.up() == {}
    found = school.machines(there)
    assert len(_copies(there)) == 1
    own = [(name, seen) for name, seen in found if name.startswith("s0")]
    assert len(own) == len({name for name, _ in own}) == 2 * len(labs.files)
    assert all(seen.running and seen.stamped for _, seen in own)
    labs.open()
    there.reset()
    assert labs.up() == {}
    assert set(there.counts().calls) <= school.READING
    assert school.machines(there) == found


@pytest.mark.parametrize("kind", ["ovf", "vm-template"])
def test_an_item_is_copied_once_for_all_labs(
    simulated: vcenter.Vcenter, make: Make, kind: str
) -> None:
    simulated.stock("images", "debian 12", kind)
    labs = make(3, 2, **_ITEM)
    simulated.reset()
    _up(simulated, labs)
    with simulated.session() as instance:
        machines = vcenter.everything(instance, vim.VirtualMachine)
        copy = next(each for each in machines if each.name.startswith("labkit-"))
        assert copy.config.template
        assert copy.snapshot.rootSnapshotList[0].name == "base"
        assert copy.parent.name == "labkit"
        linked = next(each for each in machines if each.name == "s00-m0000")
        disk = next(
            each
            for each in linked.config.hardware.device
            if isinstance(each, vim.vm.device.VirtualDisk)
        )
        assert copy.name in disk.backing.parent.fileName
    first = school.School(simulated, labs.files[:1])
    rest = school.School(simulated, labs.files[1:])
    assert first.destroy() == {}
    assert len(_copies(simulated)) == 1, "others use it"
    assert rest.destroy() == {}
    assert _names(simulated) == []
    with simulated.session() as instance:
        folders = vcenter.everything(instance, vim.Folder)
        assert "labkit" not in {each.name for each in folders}


_STEPS = ("rest:deploy", "CreateSnapshot_Task", "MarkAsTemplate", "SetField")
_FAULTS = ("task", "expire", "before", "after")
_QUICK = {
    ("rest:deploy", "task", "ovf"),
    ("rest:deploy", "after", "ovf"),
    ("rest:deploy", "before", "vm-template"),
    ("SetField", "before", "vm-template"),
}


@pytest.mark.parametrize(
    ("method", "fault", "kind"),
    [
        pytest.param(*case, marks=() if case in _QUICK else pytest.mark.slow)
        for case in itertools.product(_STEPS, _FAULTS, ("ovf", "vm-template"))
    ],
)
def test_a_copy_that_is_cut_short(
    simulated: vcenter.Vcenter, make: Make, method: str, fault: str, kind: str
) -> None:
    if fault == "task" and not method.endswith(("deploy", "_Task")):
        fault = "call"
    simulated.set(task=0.1)
    simulated.stock("images", "debian 12", kind)
    labs = make(1, 2, **_ITEM)
    simulated.fault(
        method,
        fault,
        "SystemError" if fault in {"task", "call"} else "",
        skip=2 if method == "SetField" else 0,
    )
    with contextlib.suppress(errors.LabError) if fault != "expire" else contextlib.nullcontext():
        assert labs.up() == {}
    assert simulated.counts().left == 0
    _up(simulated, labs)
    assert labs.destroy() == {}
    assert _names(simulated) == []


def test_a_copy_of_somebody_else_is_left_alone(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.stock("images", "debian 12", "ovf")
    labs = make(1, 2, **_ITEM)
    _up(simulated, labs)
    (name,) = _copies(simulated)
    assert labs.destroy() == {}
    with simulated.session() as instance:
        center = instance.RetrieveContent().rootFolder.childEntity[0]
        folder = center.vmFolder.CreateFolder("labkit")
    simulated.make(name, folder=folder._moId)
    for each in remember.folder().glob("*.library"):
        each.unlink()
    with pytest.raises(errors.LabError) as caught:
        labs.up()
    assert (caught.value.message, caught.value.hint) == (
        (
            f"the machine 'labkit/{name}' on the vCenter has the name of labkit's own template "
            "of 'images/debian 12', and is not labkit's"
        ),
        "labkit leaves it alone; rename it",
    )
    assert labs.destroy() == {}
    assert _names(simulated) == [name]


@pytest.mark.parametrize(
    ("item", "kind", "said"),
    [
        (
            "pictures/debian 12",
            "ovf",
            ("template: the vCenter has no content library named 'pictures'", _FORM),
        ),
        (
            "images/debian 13",
            "ovf",
            ("template: the vCenter has no item in the library 'images' named 'debian 13'", _FORM),
        ),
        (
            "images/debian 12",
            "iso",
            (
                "template: no machine can be made of 'images/debian 12': it is of the type 'iso'",
                "name an item of the type OVF or VM template",
            ),
        ),
    ],
)
def test_an_item_that_is_not_there(
    simulated: vcenter.Vcenter, make: Make, item: str, kind: str, said: tuple[str, str]
) -> None:
    simulated.stock("images", "debian 12", kind)
    labs = make(1, 1, template=None, library=item)
    with pytest.raises(errors.LabError) as caught:
        labs.up()
    assert (caught.value.message, caught.value.hint) == said
    assert _names(simulated) == []


def test_privileges_for_a_library(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.stock("images", "debian 12", "ovf")
    simulated.set(denied=["VApp.Import"])
    with pytest.raises(errors.LabError) as caught:
        make(1, 1, **_ITEM).up()
    assert caught.value.message == ("privileges on DC0/vm for a library: missing: VApp.Import")
