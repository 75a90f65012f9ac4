"""What cannot end well is said in a sentence, before anything is made where that can be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.providers.vsphere import options, stamp
from tests.e2e.vsphere import school, vcenter
from tests.e2e.vsphere.api import vim

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    Make = Callable[..., school.School]

pytestmark = pytest.mark.e2e


def _refused(
    there: vcenter.Vcenter, lab: school.School, message: str, hint: str, *, heard: bool = True
) -> None:
    """Try to bring a lab up, which must be refused with nothing made, or even nothing said."""
    before = school.machines(there)
    there.reset()
    with pytest.raises(errors.LabError) as caught:
        lab.up()
    asked = set(there.counts().calls)
    assert asked <= (school.READING if heard else set[str]())
    assert school.machines(there) == before
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_wrong_password(
    simulated: vcenter.Vcenter, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = make(1, 1)
    monkeypatch.setenv(options.PASSWORD, "wrong")
    _refused(
        simulated,
        lab,
        "the vCenter 127.0.0.1 does not let lab@vsphere.local in: wrong user or password",
        "a user has a domain, for example labkit@vsphere.local",
    )


def test_a_wrong_pin(simulated: vcenter.Vcenter, make: Make) -> None:
    lab = make(1, 1, sha256="0" * 64)
    _refused(
        simulated,
        lab,
        f"the vCenter 127.0.0.1:{simulated.port} shows another certificate than lab.yml says: "
        f"its sha256 is {simulated.sha256}",
        "nothing was sent to it; ask the vCenter's administrator whether it was renewed",
        heard=False,
    )


def test_no_pin_and_no_authority(simulated: vcenter.Vcenter, make: Make) -> None:
    _refused(
        simulated,
        make(1, 1, sha256=None),
        f"the certificate of the vCenter 127.0.0.1:{simulated.port} is not trusted: "
        "self-signed certificate",
        "give providers.vsphere.ca the certificates that sign it, or its own sha256",
        heard=False,
    )


def test_the_authority_in_a_file(simulated: vcenter.Vcenter, make: Make) -> None:
    lab = make(1, 1, sha256=None, ca="vcenter.pem")
    (lab.files[0].parent / "vcenter.pem").write_text(simulated.certificate)
    assert lab.up() == {}


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (
            {"template": "debian-13"},
            "template: the vCenter has no template 'debian-13'",
            "did you mean 'debian-12'?",
        ),
        (
            {"datastore": "Fast"},
            "datastore: the vCenter has no datastore 'Fast'",
            "there are: LocalDS_0, LocalDS_1",
        ),
        (
            {"resource_pool": "C9"},
            "resource pool: the vCenter has no cluster or host 'C9'",
            "there are: DC0_C0",
        ),
        (
            {"datacenter": "DC9"},
            (
                "data center: the vCenter has no data center 'DC9'; "
                "template: the vCenter has no data center 'DC9'"
            ),
            "there are: DC0; there are: DC0",
        ),
        (
            {"nat": {"name": "Nowhere"}},
            "nat network: the vCenter has no network 'Nowhere'",
            "there are: DC0_DVPG0, DVS0-DVUplinks-9, VM Network",
        ),
        (
            {"hostonly": {"key": "dvportgroup-9999"}},
            "hostonly network: the vCenter has no network with the key 'dvportgroup-9999'",
            (
                "there are: dvportgroup-11 DVS0-DVUplinks-9, dvportgroup-13 DC0_DVPG0, "
                "network-7 VM Network"
            ),
        ),
        (
            {"hostonly": {"switch": "DVS9"}},
            "hostonly network: the vCenter has no distributed switch 'DVS9'",
            "there are: DVS0",
        ),
    ],
)
def test_something_unknown(
    simulated: vcenter.Vcenter, make: Make, said: dict[str, object], message: str, hint: str
) -> None:
    _refused(simulated, make(1, 1, **said), message, hint)


def test_a_name_that_a_foreign_machine_has(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.make("s00-m0000")
    _refused(
        simulated,
        make(1, 1),
        "names: taken by machines that are not this lab's: DC0/vm/s00-m0000",
        "labkit leaves them alone; rename them, or give the lab another name",
    )


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
    (error,) = failed.values()
    assert isinstance(error, errors.LabError)
    assert (error.message, error.hint) == (
        (
            f"{next(iter(failed))}: DuplicateName: The name 's00-m0000' already exists. "
            "(name s00-m0000)"
        ),
        "something else has this name; labkit leaves it alone: rename one of the two",
    )
    assert lab.up() == {}


def test_not_enough_memory(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.set(memory=5000)
    lab = make(1, 4)
    failed = lab.up()
    assert len(failed) == 2
    for name, error in failed.items():
        assert isinstance(error, errors.LabError)
        assert error.message == (
            f"{name}: powering on: InsufficientMemoryResourcesFault: "
            "Fault of the test: InsufficientMemoryResourcesFault"
        )
        assert error.hint == "free memory in the resource pool, or ask for less"
    found = [(name, seen) for name, seen in school.machines(simulated) if name != "debian-12"]
    assert all(seen.stamped for _, seen in found)
    simulated.set(memory=0)
    assert lab.up() == {}


def test_not_enough_room(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.do("free", datastore="LocalDS_0", bytes=1 << 30)
    _refused(
        simulated,
        make(1, 4, linked_clone="never"),
        "datastore room: 1 GiB free on LocalDS_0; 4 machines begin with 4 GiB",
        "make room, name another datastore, or use linked clones",
    )


def test_a_template_without_tools(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.template("bare", tools=False)
    _refused(
        simulated,
        make(1, 1, template="bare", customization="linuxprep"),
        "VMware Tools: template 'bare': no VMware Tools",
        "install open-vm-tools in the template; without it nothing tells addresses, and nothing "
        "customizes",
    )


def test_linked_clones_need_a_snapshot(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.template("flat", snapshot="")
    _refused(
        simulated,
        make(1, 1, template="flat", linked_clone="always"),
        "disks: the template 'flat' has no snapshot to link disks to",
        "take one in the vCenter's window, or set linked_clone to never",
    )
    assert make(1, 1, template="flat").up() == {}


def test_a_range_of_addresses_that_is_too_small(simulated: vcenter.Vcenter, make: Make) -> None:
    between = {"first": "198.18.0.50", "last": "198.18.0.52"}
    _refused(
        simulated,
        make(1, 4, addresses="range", address_range=between),
        "addresses: the addresses 198.18.0.50 to 198.18.0.52 are 1 too few for 4 machines",
        "widen providers.vsphere.address_range",
    )


def test_two_networks_of_one_name(simulated: vcenter.Vcenter, make: Make) -> None:
    keys = simulated.twins("Students")
    _refused(
        simulated,
        make(1, 1, nat={"name": "Students"}),
        f"nat network: 2 networks have the name 'Students': {keys[0]} (on the distributed switch "
        f"switch-one), {keys[1]} (on the distributed switch switch-two)",
        "name one by its key: {key: " + keys[0] + "}",
    )
    assert make(1, 1, nat={"key": keys[1]}).up() == {}


def test_an_esxi_without_a_vcenter(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "esxi"
    folder.mkdir()
    with vcenter.running(folder, "-esx") as esxi:
        esxi.make("debian-12")
        school.environment(esxi, monkeypatch)
        file = school.write(tmp_path / "s00", "s00", school.settings(esxi), 1)
        with esxi.session() as instance:
            name = instance.RetrieveContent().about.fullName
        _refused(
            esxi,
            school.School(esxi, (file,)),
            f"127.0.0.1 is an ESXi host ({name}), not a vCenter",
            "a single ESXi host cannot clone machines; name the vCenter that manages it",
        )
        school.close()


def test_a_privilege_that_is_not_there(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.set(denied=["VirtualMachine.Provisioning.DeployTemplate"])
    _refused(
        simulated,
        make(1, 1),
        "privileges on the template debian-12: missing: VirtualMachine.Provisioning.DeployTemplate",
        "let the vCenter's administrator give them: docs/how-to/vsphere.md",
    )


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


def _fails(lab: school.School, message: str, hint: str) -> None:
    """Try to bring a lab up, which must fail at each machine, or before, with the same words."""
    try:
        failed = [*lab.up().values()]
    except errors.LabError as error:
        failed = [error]
    assert failed
    for error in failed:
        assert isinstance(error, errors.LabError)
        assert (error.message, error.hint) == (message, hint)


def test_a_named_snapshot_that_is_not_there(simulated: vcenter.Vcenter, make: Make) -> None:
    _refused(
        simulated,
        make(1, 1, snapshot="clean"),
        "disks: the template 'debian-12' has no snapshot 'clean' to link disks to",
        "take one in the vCenter's window, or set linked_clone to never",
    )


def test_a_range_that_is_not_in_the_network(simulated: vcenter.Vcenter, make: Make) -> None:
    between = {"first": "198.17.255.250", "last": "198.18.0.9"}
    _refused(
        simulated,
        make(1, 1, addresses="range", address_range=between),
        "addresses: 198.17.255.250 of providers.vsphere.address_range is not in 198.18.0.0/16",
        "networks.nat.subnet is the network that the first card is on",
    )


def test_a_custom_attribute_that_may_not_be_made(simulated: vcenter.Vcenter, make: Make) -> None:
    fields = {"Object": {"Type": "Folder", "Value": "group-d1"}, "PrivilegeId": "Global"}
    simulated.fault("AddCustomFieldDef", "call", "NoPermission", fields=fields)
    _fails(
        make(1, 1),
        "the vCenter has no custom attribute 'labkit', and labkit may not make it",
        "give the privilege Global.ManageCustomFields, or let an administrator make it once",
    )


def test_a_folder_of_another_lab(simulated: vcenter.Vcenter, make: Make) -> None:
    first = make(1, 1)
    assert first.up() == {}
    with simulated.session() as instance:
        folder = vcenter.everything(instance, vim.Folder)
        own = next(each for each in folder if each.name == "s00")
        fields = instance.RetrieveContent().customFieldsManager
        key = next(each.key for each in fields.field if each.name == "labkit")
        owner = stamp.owner(simulated.user)
        fields.SetField(own, key, str(stamp.Stamp("0" * 12, owner)))
    _fails(
        first,
        "the folder 'DC0/vm/labkit/s00' on the vCenter belongs to another lab",
        "labkit leaves it alone; give this lab another name, or another providers.vsphere.folder",
    )


def test_a_port_group_of_somebody_else(simulated: vcenter.Vcenter, make: Make) -> None:
    with simulated.session() as instance:
        switch = vcenter.everything(instance, vim.DistributedVirtualSwitch)[0]
        spec = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
            name="s00-hostonly", type="earlyBinding", numPorts=8
        )
        switch.AddDVPortgroup_Task([spec])
    _fails(
        make(1, 2, hostonly={"switch": "DVS0"}),
        "the port group 's00-hostonly' on the switch DVS0 is not this lab's",
        "labkit leaves it alone; rename it, or plug the card into it by its key",
    )


def test_a_port_group_with_another_vlan(make: Make) -> None:
    assert make(1, 1, hostonly={"switch": "DVS0", "vlan": 7}).up() == {}
    _fails(
        make(1, 1, hostonly={"switch": "DVS0", "vlan": 8}),
        "the port group 's00-hostonly' has VLAN 7, and lab.yml says 8",
        "change it in the vCenter's window, or destroy the lab and bring it up again",
    )


def test_a_machine_that_runs_with_other_hardware(make: Make) -> None:
    lab = make(1, 1)
    assert lab.up() == {}
    file = lab.files[0]
    file.write_text(file.read_text().replace("cpus: 2", "cpus: 4"))
    _fails(
        lab,
        "m0000 runs with other hardware than lab.yml says now: 2 CPUs, not 4",
        "'lab.halt --only m0000', then 'lab.up' starts it with the new one",
    )


def test_a_stranger_in_the_labs_own_folder(simulated: vcenter.Vcenter, make: Make) -> None:
    lab = make(1, 2)
    assert lab.up() == {}
    opened = lab.open()[0]
    opened.provider.destroy("m0000")
    opened.provider.status()
    simulated.make("s00-m0000", folder=simulated.folder("s00"))
    opened.provider.status()
    with pytest.raises(errors.LabError) as caught:
        opened.provider.start(opened.lab.machine("m0000"))
    assert (caught.value.message, caught.value.hint) == (
        (
            "the machine 'labkit/s00/s00-m0000' on the vCenter has the name of m0000, and is not "
            "this lab's"
        ),
        "labkit leaves it alone; rename it, or give the lab another name",
    )


def test_a_machine_that_ended_by_itself(make: Make) -> None:
    lab = make(1, 1)
    provider, machine = lab.open()[0].provider, lab.open()[0].lab.machine("m0000")
    for state in ("no longer there", "powered off"):
        with pytest.raises(errors.ProviderError) as caught:
            provider.alive(machine)
        assert (caught.value.message, caught.value.hint) == (
            f"m0000 is {state} on the vCenter",
            "look at the machine's events in the vCenter's window",
        )
        assert lab.up() == {}
        provider = lab.open()[0].provider
        provider.stop(machine)
        provider.status()


def test_snapshots_of_a_machine_that_is_not_there(make: Make) -> None:
    opened = make(1, 1).open()[0]
    machine = opened.lab.machine("m0000")
    for act, words in (
        (opened.provider.save, "could not be saved"),
        (opened.provider.restore, "could not be brought back"),
    ):
        with pytest.raises(errors.ProviderError) as caught:
            act(machine, "clean")
        assert (caught.value.message, caught.value.hint) == (
            f"m0000 {words}: it is not on the vCenter",
            "run 'lab.up'",
        )
    opened.provider.discard(machine, "clean")


def test_a_snapshot_that_is_not_there(make: Make) -> None:
    lab = make(1, 1)
    assert lab.up() == {}
    opened = lab.open()[0]
    with pytest.raises(errors.ProviderError) as caught:
        opened.provider.restore(opened.lab.machine("m0000"), "clean")
    assert caught.value.message == "m0000 could not be brought back: it has no snapshot 'clean'"


def test_a_connection_that_breaks(simulated: vcenter.Vcenter, make: Make) -> None:
    simulated.fault("CreateFolder", "before")
    with pytest.raises(errors.UnreachableError) as caught:
        make(1, 1).up()
    start = "the connection to the vCenter 127.0.0.1 broke (CreateFolder): "
    assert caught.value.message.startswith(start)
    assert caught.value.hint == "'lab.up' looks at what is there, and goes on from that"
