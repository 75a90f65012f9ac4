"""A lab on a vCenter, and what a vCenter might show of it."""

from __future__ import annotations

import dataclasses
import ipaddress
import uuid
from typing import Any

from labkit.plan import model
from labkit.providers.vsphere import api, inventory, stamp, wanted

OWN = stamp.Stamp("0123456789ab", stamp.owner("lab@vsphere.local"), "web-01", "feed" * 4)
ORIGIN = stamp.Origin("demo", "desk", "/home/t/demo")
MACHINE = model.Machine(
    name="web-01",
    roles=(),
    profiles=("base",),
    uuid=uuid.UUID(int=7),
    image="debian-12",
    cpus=2,
    memory_mib=1024,
    disk_gib=4,
    nics=(
        model.Nic(
            "nat",
            1,
            "02:00:00:00:00:01",
            ipaddress.IPv4Interface("10.0.2.51/24"),
            uuid.UUID(int=1),
            ipaddress.IPv4Address("10.0.2.1"),
            (ipaddress.IPv4Address("10.0.2.1"),),
            ("lab.internal",),
        ),
        model.Nic(
            "hostonly",
            2,
            "02:00:00:00:00:02",
            ipaddress.IPv4Interface("192.168.56.51/24"),
            uuid.UUID(int=2),
        ),
    ),
    ssh_port=20000,
    selinux="permissive",
    time_zone="Etc/UTC",
    packages=(),
    sysctl={},
)
NETWORKS = {
    "nat": wanted.Network(api.ref("Network", "network-7"), "network-7", "network-7", "VM Network"),
    "hostonly": wanted.Network(
        api.ref("DistributedVirtualPortgroup", "dvportgroup-9"),
        "dvportgroup-9",
        "dvportgroup-9",
        "demo-hostonly",
        "50 2e",
    ),
}
WANTED = wanted.Wanted(
    machine=MACHINE,
    name="demo-web-01",
    stamp=OWN,
    origin=ORIGIN,
    networks=NETWORKS,
    user_data="#cloud-config\n",
    linuxprep=False,
    dhcp=False,
)


def card(key: int, network: str, mac: str = "00:50:56:80:00:01") -> inventory.Card:
    """Return a card as it was read."""
    device: Any = api.vim.vm.device.VirtualVmxnet3(
        key=key, controllerKey=100, unitNumber=7, macAddress=mac, addressType="assigned"
    )
    return inventory.Card(key, mac, network, device)


def seen(**more: Any) -> inventory.Machine:  # noqa: ANN401 - any field
    """Return the machine as it is right after its clone was set up."""
    made = inventory.Machine(
        ref=api.ref("VirtualMachine", "vm-1"),
        name="demo-web-01",
        folder="group-v1",
        stamp=OWN,
        origin=ORIGIN,
        marked=True,
        running=False,
        template=False,
        cpus=2,
        memory_mib=1024,
        networks=frozenset({"network-7", "dvportgroup-9"}),
        address="",
        tools=False,
        snapshots={},
        snapshot_refs={},
        cards=(card(4000, "network-7"), card(4001, "dvportgroup-9", "00:50:56:80:00:02")),
    )
    return dataclasses.replace(made, **more)
