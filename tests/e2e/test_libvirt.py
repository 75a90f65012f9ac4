"""The default lab on libvirt through Vagrant: four machines, in the order of their life."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from labkit import shell
from labkit.plan import derive
from tests.e2e import libvirtd
from tests.e2e.conftest import Folder, make_folder
from tests.e2e.test_default_lab import ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

FOREIGN_NETWORK = """
<network><name>foreign</name><uuid>2d5ef0f5-7b4b-44e4-a1f6-6a21df4c5c05</uuid>
<ip address='192.168.99.1' netmask='255.255.255.0'/></network>
"""
FOREIGN_DOMAIN = """
<domain type='qemu'><name>foreign</name><uuid>f2b6cf6f-6d3a-4ea8-8be8-2f0b6e0f5b0f</uuid>
<memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os></domain>
"""

EXTRA = """providers:
  libvirt:
    machines:
      k8s-minion-01:
        disks: [1 GiB]
        nics: [{kind: internal, name: dmz}]
        forwards: [{host: 18022, guest: 22}, {host: 18053, guest: 18053, protocol: udp}]
"""
# Each is one program of Python: the first answers one datagram, the second asks for that.
ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 18053))
text, peer = s.recvfrom(99)
s.sendto(text.upper(), peer)
"""
ASK = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
while True:
    s.sendto(b'hello', ('127.0.0.1', 18053))
    try:
        print(s.recv(99).decode())
        break
    except TimeoutError:
        pass
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[libvirtd.Host]:
    if reason := libvirtd.unavailable():
        pytest.skip(f"there can be no libvirt here: {reason}")
    with libvirtd.host(tmp_path_factory.mktemp("libvirt")) as opened:
        opened.virsh("net-define", "/dev/stdin", stdin=FOREIGN_NETWORK)
        opened.virsh("net-start", "foreign")
        opened.virsh("define", "/dev/stdin", stdin=FOREIGN_DOMAIN)
        yield opened


@pytest.fixture(scope="module")
def lab(host: libvirtd.Host, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    path = tmp_path_factory.mktemp("lab") / "labkit-libvirt"
    folder = make_folder(path, host.enter(path))
    folder.edit("^provider: .*", "provider: libvirt")
    folder.edit("^providers:\n", EXTRA)
    return folder


def timed(folder: Folder, *words: str) -> Any:
    start = time.monotonic()
    run = folder(*words, "--format", "json") if words[0] in {"up", "verify"} else folder(*words)
    print(f"{' '.join(words)}: {time.monotonic() - start:.1f} s")
    assert run.code == 0, run
    return json.loads(run.out) if words[0] in {"up", "verify"} else run.out


def read(document: str) -> ET.Element:
    return ET.fromstring(document)  # noqa: S314 - the tests' own libvirt wrote it


def test_up_makes_configures_and_verifies(lab: Folder) -> None:
    document = timed(lab, "up")
    assert document["ok"]
    assert sorted(document["started"]) == sorted(ADDRESSES)
    assert document["failures"] == []
    assert document["report"]["skipped"] == []


def test_libvirt_has_what_the_plan_says(lab: Folder, host: libvirtd.Host) -> None:
    for machine in lab.plan["machines"]:
        name = f"{lab.name}-{machine['name']}"
        found = read(host.virsh("dumpxml", name))
        assert found.findtext("uuid") == machine["uuid"]
        assert found.findtext("vcpu") == str(machine["cpus"])
        assert found.findtext("memory") == str(machine["memory_mib"] << 10)
        macs = [each.get("address") for each in found.findall("devices/interface/mac")]
        networks = [each.get("network") for each in found.findall("devices/interface/source")]
        wanted = [nic["mac"] for nic in machine["nics"]]
        plugged = [f"{lab.name}-nat", f"{lab.name}-hostonly"]
        if machine["name"] == "k8s-minion-01":
            wanted.append(derive.extra_mac(lab.name, "k8s-minion-01", 3))
            plugged.append(f"{lab.name}-internal-dmz")
        assert (macs, networks) == (wanted, plugged)
        disk = read(host.virsh("vol-dumpxml", f"{name}.img", "--pool", "default"))
        assert disk.findtext("capacity") == str(machine["disk_gib"] << 30)


def test_vagrant_says_the_same(lab: Folder, host: libvirtd.Host) -> None:
    folder = lab.ssh_config.parent
    said = host.run("vagrant", "status", "--machine-readable", folder=folder)
    lines = [line.split(",") for line in said.splitlines()]
    states = {line[1]: line[3] for line in lines if line[2] == "state"}
    assert states == dict.fromkeys(ADDRESSES, "running")
    # Through the lease that never ends: the machine itself asks for none any more.
    out = host.run("vagrant", "ssh", "k8s-minion-02", "-c", "hostname", folder=folder)
    assert out == "k8s-minion-02"


def test_inside_is_what_the_notes_say(lab: Folder) -> None:
    for name, (nat, hostonly) in ADDRESSES.items():
        script = "hostname; ip -o -4 address show scope global; ip route; cat /etc/resolv.conf"
        out = lab.on(name, script)
        assert out.splitlines()[0] == name
        assert f"inet {nat}/24" in out
        assert f"inet {hostonly}/24" in out
        assert "default via 10.0.2.2 " in out
        assert "nameserver 10.0.2.3" in out


def test_forwards_lead_to_a_machine(lab: Folder, host: libvirtd.Host) -> None:
    ask = "import socket; print(socket.create_connection(('127.0.0.1', 18022), 60).recv(8))"
    assert host.run("python3", "-c", ask) == "b'SSH-2.0-'"
    serve = shell.line("nohup python3 -c {} > /dev/null 2>&1 &", ECHO)
    lab.on("k8s-minion-01", serve)
    assert host.run("python3", "-c", ASK) == "HELLO"
    size = lab.on("k8s-minion-01", "sudo blockdev --getsize64 /dev/disk/by-id/virtio-extra-1")
    assert size == str(1 << 30)


def test_a_second_up_changes_nothing(lab: Folder, host: libvirtd.Host) -> None:
    before = host.virsh("list", "--id")
    document = timed(lab, "up")
    assert (document["ok"], document["changes"], document["started"]) == (True, 0, [])
    assert host.virsh("list", "--id") == before


def test_a_snapshot_brings_back_what_was(lab: Folder) -> None:
    timed(lab, "snapshot", "save", "before")
    assert lab("exec", "touch /root/later").code == 0
    timed(lab, "snapshot", "restore", "before")
    assert lab("exec", "test ! -e /root/later").code == 0
    timed(lab, "snapshot", "delete", "before")


def test_halt_and_start(lab: Folder, host: libvirtd.Host) -> None:
    timed(lab, "halt")
    assert host.virsh("list", "--name").split() == []
    assert "127.0.0.1:18022" not in host.run("ss", "-Hltn")
    assert set(lab("status", "--format", "json").document["machines"].values()) == {"stopped"}
    timed(lab, "start", "--only", "k8s-minion-01")
    assert lab.on("k8s-minion-01", "hostname") == "k8s-minion-01"


def test_destroy_leaves_nothing_and_touches_nothing_else(lab: Folder, host: libvirtd.Host) -> None:
    timed(lab, "destroy", "--yes")
    assert host.names("list") == ["foreign"]
    assert host.names("net-list") == ["foreign"]
    images = {name.partition(".")[2] for name in host.volumes()}
    assert images == {"qcow2", "vmlinuz", "initrd"}
    assert not (lab.path / ".lab").exists()
    assert host.run("vagrant", "global-status", folder=lab.path).count("libvirt") == 0
