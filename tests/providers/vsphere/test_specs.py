"""What a vCenter is given."""

from __future__ import annotations

import dataclasses
import subprocess
from typing import TYPE_CHECKING

from labkit.images import seed as seeds
from labkit.providers.vsphere import api, specs, stamp
from tests.providers.vsphere import sample

if TYPE_CHECKING:
    import pathlib

SEED = seeds.Seed("web-01", "lab", ("ssh-ed25519 AAAA it's",), "PRIVATE\n", "ssh-ed25519 BBBB host")
TEMPLATE = sample.seen(name="debian-12", cards=(sample.card(4000, "network-1"),))
PLACE = specs.Place(
    folder=api.ref("Folder", "group-v1"),
    pool=api.ref("ResourcePool", "resgroup-1"),
    datastore=None,
    template=TEMPLATE,
    snapshot=None,
)


def test_a_clone_is_stamped_from_its_first_moment() -> None:
    spec = specs.clone(sample.WANTED, PLACE)
    extra = {each.key: each.value for each in spec.config.extraConfig}
    found = stamp.read(extra[stamp.EXTRA])
    assert found == dataclasses.replace(sample.OWN, state=""), "not set up yet"
    assert stamp.read_origin(extra) == sample.ORIGIN
    assert spec.config.annotation.startswith("Machine web-01 of lab demo, made by labkit on desk.")
    assert (spec.config.numCPUs, spec.config.memoryMB) == (2, 1024)
    assert (spec.powerOn, spec.template, spec.location.diskMoveType) == (False, False, None)


def test_a_clone_is_plugged_into_its_own_networks() -> None:
    changes = specs.clone(sample.WANTED, PLACE).config.deviceChange
    assert [each.operation for each in changes] == ["edit", "add"]
    first, second = (each.device for each in changes)
    assert (first.key, first.backing.deviceName) == (4000, "VM Network")
    assert second.key < 0
    assert second.backing.port.portgroupKey == "dvportgroup-9"
    assert second.backing.port.switchUuid == "50 2e"
    assert (second.addressType, second.macAddress) == ("generated", None)


def test_a_linked_clone_begins_with_a_snapshot() -> None:
    base = api.ref("VirtualMachine", "snapshot-3")
    place = dataclasses.replace(PLACE, snapshot=api.vim.vm.Snapshot("snapshot-3", None))
    spec = specs.clone(sample.WANTED, place)
    assert api.moid(spec.snapshot) == api.moid(base)
    assert spec.location.diskMoveType == "createNewChildDiskBacking"


def test_only_what_differs_is_set() -> None:
    spec = specs.reconfigure(sample.WANTED, sample.seen(cpus=1))
    assert (spec.numCPUs, spec.memoryMB) == (2, None)
    assert list(spec.deviceChange) == []
    assert {each.key for each in spec.extraConfig} == {
        "guestinfo.metadata",
        "guestinfo.metadata.encoding",
        "guestinfo.userdata",
        "guestinfo.userdata.encoding",
    }


def test_a_card_too_many_is_removed() -> None:
    seen = sample.seen(cards=(*sample.seen().cards, sample.card(4002, "network-7")))
    (change,) = specs.reconfigure(sample.WANTED, seen).deviceChange
    assert (change.operation, change.device.key) == ("remove", 4002)


def test_a_port_group_has_its_vlan() -> None:
    spec = specs.port_group("demo-hostonly", 77)
    assert (spec.name, spec.defaultPortConfig.vlan.vlanId) == ("demo-hostonly", 77)


def test_linuxprep_sets_name_addresses_and_way_out() -> None:
    want = dataclasses.replace(sample.WANTED, linuxprep=True)
    spec = specs.customization(want, SEED, ("lab.internal",))
    assert (spec.identity.hostName.name, spec.identity.domain) == ("web-01", "lab.internal")
    first, second = (each.adapter for each in spec.nicSettingMap)
    assert (first.ip.ipAddress, first.subnetMask, list(first.gateway)) == (
        "10.0.2.51",
        "255.255.255.0",
        ["10.0.2.1"],
    )
    assert (second.ip.ipAddress, list(second.gateway)) == ("192.168.56.51", [])


def test_the_customization_script_parses_and_does_nothing_before(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "script"
    path.write_text(specs.script(SEED))
    assert subprocess.run(["sh", "-n", path], check=False).returncode == 0
    assert subprocess.run(["sh", path, "precustomization"], check=False).returncode == 0
    assert "'ssh-ed25519 AAAA it'\"'\"'s\n'" in specs.script(SEED)
