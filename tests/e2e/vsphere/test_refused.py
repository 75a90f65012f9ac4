"""What cannot end well is said in a sentence, before anything is made where that can be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.providers.vsphere import options
from tests.e2e.vsphere import school, vcenter

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    Make = Callable[..., school.School]

pytestmark = pytest.mark.e2e


def _refused(there: vcenter.Vcenter, lab: school.School, *, heard: bool = True) -> errors.LabError:
    """Try to bring a lab up, which must be refused with nothing made, or even nothing said."""
    before = school.machines(there)
    there.reset()
    with pytest.raises(errors.LabError) as caught:
        lab.up()
    asked = set(there.counts().calls)
    assert asked <= (school.READING if heard else set[str]())
    assert school.machines(there) == before
    assert caught.value.hint
    return caught.value


def test_a_wrong_password(
    simulated: vcenter.Vcenter, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = make(1, 1)
    monkeypatch.setenv(options.PASSWORD, "wrong")
    error = _refused(simulated, lab)
    assert "does not let lab@vsphere.local in: wrong user or password" in error.message
    assert "wrong" not in error.message.replace("wrong user", "")


def test_a_wrong_pin(simulated: vcenter.Vcenter, make: Make) -> None:
    lab = make(1, 1, sha256="0" * 64)
    error = _refused(simulated, lab, heard=False)
    assert f"its sha256 is {simulated.sha256}" in error.message


def test_no_pin_and_no_authority(simulated: vcenter.Vcenter, make: Make) -> None:
    error = _refused(simulated, make(1, 1, sha256=None), heard=False)
    assert "is not trusted" in error.message


def test_the_authority_in_a_file(simulated: vcenter.Vcenter, make: Make) -> None:
    lab = make(1, 1, sha256=None, ca="vcenter.pem")
    (lab.files[0].parent / "vcenter.pem").write_text(simulated.certificate)
    assert lab.up() == {}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"template": "debian-13"}, "debian-13"),
        ({"datastore": "Fast"}, "Fast"),
        ({"resource_pool": "C9"}, "C9"),
        ({"datacenter": "DC9"}, "DC9"),
        ({"nat": {"name": "Nowhere"}}, "Nowhere"),
        ({"hostonly": {"key": "dvportgroup-9999"}}, "dvportgroup-9999"),
        ({"hostonly": {"switch": "DVS9"}}, "DVS9"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_something_unknown(
    simulated: vcenter.Vcenter, make: Make, said: dict[str, object], message: str
) -> None:
    error = _refused(simulated, make(1, 1, **said))
    assert message in error.message


def test_a_name_that_a_foreign_machine_has(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.make("s00-m0000")
    error = _refused(simulated, make(1, 1))
    assert "DC0/vm/s00-m0000" in error.message


def test_a_foreign_machine_that_comes_in_between(simulated: vcenter.Vcenter, make: Make) -> None:
    lab = make(1, 2)
    assert lab.up() == {}
    folder = next(seen.folder for name, seen in school.machines(simulated) if name == "s00-m0000")
    assert folder == "s00"
    template = {"Type": "VirtualMachine", "Value": "vm-1"}
    fields = {"Name": "s00-m0000", "Object": template}
    simulated.fault("CloneVM_Task", "call", "DuplicateName", fields=fields)
    assert lab.destroy() == {}
    failed = lab.up()
    assert len(failed) == 1
    assert "DuplicateName" in str(next(iter(failed.values())))
    assert lab.up() == {}


def test_not_enough_memory(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.set(memory=5000)
    lab = make(1, 4)
    failed = lab.up()
    assert len(failed) == 2
    for name, error in failed.items():
        assert isinstance(error, errors.LabError)
        assert name in error.message
        assert "InsufficientMemoryResourcesFault" in error.message
        assert error.hint == "free memory in the resource pool, or ask for less"
    found = [(name, seen) for name, seen in school.machines(simulated) if name != "debian-12"]
    assert all(seen.stamped for _, seen in found)
    simulated.set(memory=0)
    assert lab.up() == {}


def test_not_enough_room(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.do("free", datastore="LocalDS_0", bytes=1 << 30)
    error = _refused(simulated, make(1, 4, linked_clone="never"))
    assert "LocalDS_0" in error.message


def test_a_template_without_tools(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.template("bare", tools=False)
    error = _refused(simulated, make(1, 1, template="bare", customization="linuxprep"))
    assert "template 'bare': no VMware Tools" in error.message


def test_linked_clones_need_a_snapshot(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.template("flat", snapshot="")
    error = _refused(simulated, make(1, 1, template="flat", linked_clone="always"))
    assert "the template 'flat' has no snapshot to link disks to" in error.message
    assert make(1, 1, template="flat").up() == {}


def test_a_range_of_addresses_that_is_too_small(simulated: vcenter.Vcenter, make: Make) -> None:
    between = {"first": "198.18.0.50", "last": "198.18.0.52"}
    error = _refused(simulated, make(1, 4, addresses="range", address_range=between))
    assert "198.18.0.50 to 198.18.0.52 are 1 too few for 4 machines" in error.message


def test_two_networks_of_one_name(simulated: vcenter.Vcenter, make: Make) -> None:
    keys = simulated.twins("Students")
    error = _refused(simulated, make(1, 1, nat={"name": "Students"}))
    assert all(key in error.message for key in keys)
    assert make(1, 1, nat={"key": keys[1]}).up() == {}


def test_an_esxi_without_a_vcenter(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "esxi"
    folder.mkdir()
    with vcenter.running(folder, "-esx") as esxi:
        esxi.make("debian-12")
        school.environment(esxi, monkeypatch)
        file = school.write(tmp_path / "s00", "s00", school.settings(esxi), 1)
        error = _refused(esxi, school.School(esxi, (file,)))
        assert "is an ESXi host" in error.message
        school.close()


def test_a_privilege_that_is_not_there(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.set(denied=["VirtualMachine.Provisioning.DeployTemplate"])
    error = _refused(simulated, make(1, 1))
    assert "VirtualMachine.Provisioning.DeployTemplate" in error.message


def test_only_what_is_stamped_is_removed(simulated: vcenter.Vcenter, make: Make) -> None:
    """A foreign machine in the lab's own folder keeps itself and the folder."""
    lab = make(1, 2)
    assert lab.up() == {}
    simulated.make("guest", folder=simulated.folder("s00"))
    assert lab.destroy() == {}
    assert [name for name, _ in school.machines(simulated)] == ["debian-12", "guest"]
    assert simulated.folder("s00")


def test_own_port_groups_come_and_go(simulated: vcenter.Vcenter, make: Make) -> None:
    lab = make(1, 2, hostonly={"switch": "DVS0", "vlan": 7})
    assert lab.up() == {}
    assert "s00-hostonly" in simulated.networks()
    assert lab.up() == {}
    assert lab.destroy() == {}
    assert "s00-hostonly" not in simulated.networks()
    assert simulated.networks().count("DC0_DVPG0") == 1
