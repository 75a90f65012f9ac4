"""What VBoxManage prints, as data."""

from __future__ import annotations

import ipaddress

from labkit.providers.virtualbox import info

LISTED = """\
"first-web-01" {0919dc6b-c8af-4af2-bbc3-dc699d8132df}
"a "quoted" {name}" {5c4bb2ee-4fc2-48ed-b319-25eff93ca94c}
"<inaccessible>" {86b8ea9b-eadd-4385-9612-3a5c13e73f0a}
"""
SHOWN = """\
name="first-web-01"
groups="/first"
cpus=1
VMState="running"
GuestMemoryBalloon=0
"SATA-0-0"="/vms/web-01/disk.vmdk"
Forwarding(0)="ssh,tcp,127.0.0.1,12999,,22"
Forwarding(1)="tcp8080,udp,127.0.0.1,8080,,80"
hostonlyadapter2="vboxnet0"
"""
ADAPTERS = """\
Name:            vboxnet0
GUID:            f0000199-dae8-4abf-8000-0eb2be90767c
DHCP:            Disabled
IPAddress:       192.168.56.1
NetworkMask:     255.255.255.0
IPV6Address:
Status:          Up
VBoxNetworkName: HostInterfaceNetworking-vboxnet0

Name:            vboxnet1
IPAddress:
NetworkMask:     0.0.0.0
Status:          Down

Name:            VirtualBox Host-Only Ethernet Adapter
IPAddress:       192.168.57.1
NetworkMask:     255.255.255.128
"""


def test_machines() -> None:
    assert info.machines(LISTED) == {
        "0919dc6b-c8af-4af2-bbc3-dc699d8132df": "first-web-01",
        "5c4bb2ee-4fc2-48ed-b319-25eff93ca94c": 'a "quoted" {name}',
        "86b8ea9b-eadd-4385-9612-3a5c13e73f0a": "<inaccessible>",
    }
    assert info.machines("") == {}


def test_settings() -> None:
    found = info.settings(SHOWN)
    assert found["name"] == "first-web-01"
    assert found["cpus"] == "1"
    assert found["SATA-0-0"] == "/vms/web-01/disk.vmdk"
    assert info.forwards(found) == {
        ("tcp", "127.0.0.1", "12999", "", "22"),
        ("udp", "127.0.0.1", "8080", "", "80"),
    }


def test_adapters() -> None:
    assert list(info.adapters(ADAPTERS)) == [
        info.Adapter("vboxnet0", ipaddress.IPv4Interface("192.168.56.1/24")),
        info.Adapter(
            "VirtualBox Host-Only Ethernet Adapter", ipaddress.IPv4Interface("192.168.57.1/25")
        ),
    ]


DISKS = """\
UUID:           4a8699e1-5cba-4a6a-8533-98e1e7fc9f93
Parent UUID:    base
State:          created
Type:           normal (base)
Location:       /vms/a b/disk001.vmdk
Storage format: VMDK
Capacity:       1024 MBytes
Encryption:     disabled

UUID:           f2297580-8d38-4374-b1dc-82cab618c61a
Parent UUID:    4a8699e1-5cba-4a6a-8533-98e1e7fc9f93
State:          created
Location:       /vms/c/Snapshots/{f2297580-8d38-4374-b1dc-82cab618c61a}.vmdk
"""


def test_disks() -> None:
    assert info.disks(DISKS) == {
        "4a8699e1-5cba-4a6a-8533-98e1e7fc9f93": "/vms/a b/disk001.vmdk",
        "f2297580-8d38-4374-b1dc-82cab618c61a": (
            "/vms/c/Snapshots/{f2297580-8d38-4374-b1dc-82cab618c61a}.vmdk"
        ),
    }
    assert info.disks("") == {}


def test_extra_data() -> None:
    said = "Key: labkit/folder, Value: /x/.lab/first\nKey: labkit/machine, Value: web, Value: 1\n"
    assert info.extra_data(said) == {
        "labkit/folder": "/x/.lab/first",
        "labkit/machine": "web, Value: 1",
    }
    assert info.extra_data("No value set!\n") == {}
