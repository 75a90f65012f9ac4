"""What the provider does with a real libvirt, on machines that need not come up."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from labkit import child, errors
from labkit.lifecycle import context, destroy
from labkit.plan import derive
from labkit.providers import base
from labkit.providers.libvirt import gc
from tests.e2e import libvirtd
from tests.e2e.test_default_lab import wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

    from labkit.plan import model

pytestmark = pytest.mark.e2e

ROOT = pathlib.Path(__file__).parents[2]
FOREIGN = """
<domain type='qemu'><name>{name}</name><uuid>f2b6cf6f-6d3a-4ea8-8be8-2f0b6e0f5b0f</uuid>
<memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os></domain>
"""

PLAIN = """
<network><name>plain</name><bridge name='plain0'/>
<ip address='192.168.97.1' netmask='255.255.255.0'/></network>
"""
EXTRA = """
providers:
  libvirt:
    internal: {internal}
    machines:
      ansible-01:
        disks: [1 GiB, 2 GiB]
        nics:
          - {{kind: internal, name: dmz}}
          - {{kind: network, name: plain}}
          - {{kind: bridged, name: bridge9}}
        forwards: [{{host: 18022, guest: 22}}]
        settings: {{nested: true, nic_model_type: e1000}}
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[libvirtd.Host]:
    if reason := libvirtd.unavailable():
        pytest.skip(f"there can be no libvirt here: {reason}")
    with libvirtd.host(tmp_path_factory.mktemp("libvirt")) as opened:
        opened.virsh("net-define", "/dev/stdin", stdin=PLAIN)
        opened.run("ip", "link", "add", "bridge9", "type", "bridge")
        yield opened


@pytest.fixture
def lab(
    host: libvirtd.Host,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[context.Context]:
    """Open a lab of two machines, whose virsh and Vagrant run beside that libvirt."""
    run = child.run

    def inside(argv: Sequence[str], **more: Any) -> subprocess.CompletedProcess[str]:
        if argv[0] in {"virsh", "vagrant", "setsid"}:  # the last one starts what forwards ports
            argv = [*host.enter(more.get("cwd") or tmp_path), *argv]
        return run(argv, **more)

    monkeypatch.setattr(child, "run", inside)
    folder = tmp_path / "a lab & more"
    folder.mkdir()
    text = (ROOT / "lab.yml").read_text(encoding="utf-8").partition("  k8s-minion-01:")[0]
    text = text.replace("provider: qemu", "provider: libvirt").replace("k8s-manual", "parts")
    extra = EXTRA.format(internal=getattr(request, "param", "false"))
    (folder / "lab.yml").write_text(text + extra, encoding="utf-8")
    opened = context.open_lab(folder / "lab.yml")
    opened.space.make()
    opened.provider.prepare()
    yield opened
    destroy.destroy(context.open_lab(folder / "lab.yml"))
    assert opened.provider.leftovers() == []


def _first(lab: context.Context) -> model.Machine:
    return lab.lab.machines[0]


def _name(lab: context.Context) -> str:
    return f"{lab.lab.name}-{_first(lab).name}"


def test_a_machine_is_saved_and_brought_back(lab: context.Context) -> None:
    provider, machine = lab.provider, _first(lab)
    provider.start(machine)
    provider.start(machine)  # it runs: nothing happens
    assert provider.status() == {
        "ansible-01": base.State.RUNNING,
        "k8s-master-01": base.State.ABSENT,
    }
    wait_until(lambda: "Linux version" in provider.console_tail(machine, 1000))
    provider.pause(machine)
    provider.save(machine, "one")
    provider.resume(machine)
    assert provider.snapshots(machine)["one"].running
    provider.restore(machine, "one")
    assert provider.status()[machine.name] is base.State.RUNNING
    provider.resume(machine)
    provider.discard(machine, "one")
    provider.discard(machine, "one")
    assert provider.snapshots(machine) == {}


@pytest.mark.parametrize("lab", ["true"], indirect=True)
def test_a_machine_has_all_that_lab_yml_says(lab: context.Context, host: libvirtd.Host) -> None:
    provider, machine = lab.provider, _first(lab)
    host.run("ip", "link", "delete", "bridge9")
    try:
        with pytest.raises(errors.ProviderError) as caught:
            provider.start(machine)
    finally:
        host.run("ip", "link", "add", "bridge9", "type", "bridge")
    assert caught.value.message == "this host has no bridge 'bridge9'"
    provider.start(machine)
    found = ET.fromstring(host.virsh("dumpxml", _name(lab)))  # noqa: S314 - of the tests' libvirt
    more = [derive.extra_mac("parts", machine.name, number) for number in (3, 4, 5)]
    plugged = ("parts-nat", "parts-hostonly", "parts-internal-dmz", "plain", "bridge9")
    macs = (*(nic.mac for nic in machine.nics), *more)
    cards = {
        each.find("mac").get("address"): each.find("source").attrib  # pyright: ignore[reportOptionalMemberAccess]
        for each in found.findall("devices/interface")
    }
    assert list(cards) == list(macs)
    assert tuple(each.get("network") or each["bridge"] for each in cards.values()) == plugged
    models = {each.get("type") for each in found.findall("devices/interface/model")}
    assert models == {"e1000"}
    disks = {
        each.findtext("serial"): each.find("source").get("file")  # pyright: ignore[reportOptionalMemberAccess]
        for each in found.findall("devices/disk")
    }
    for number, gib in ((1, 1), (2, 2)):
        volume = f"{_name(lab)}.extra-{number}"
        assert str(disks[f"extra-{number}"]).endswith(f"/{volume}")
        said = host.virsh("vol-dumpxml", volume, "--pool", "default")
        assert f"<capacity unit='bytes'>{gib << 30}</capacity>" in said
    for network in ("parts-hostonly", "parts-internal-dmz"):
        assert "<ip " not in host.virsh("net-dumpxml", network), "this host is not on it"
    assert "127.0.0.1:18022" in host.run("ss", "-Hltn")
    host.virsh("detach-interface", _name(lab), "network", "--mac", more[1], "--config")
    with pytest.raises(errors.ProviderError) as caught:
        provider.start(machine)
    assert caught.value.message == (
        "ansible-01 was made with other cards or disks than lab.yml says now"
    )
    assert host.names("list") == [_name(lab)]
    provider.destroy(machine.name)
    assert "127.0.0.1:18022" not in host.run("ss", "-Hltn")
    assert host.names("net-list") == ["plain"]


def test_a_machine_that_is_off(lab: context.Context, host: libvirtd.Host) -> None:
    provider, machine = lab.provider, _first(lab)
    provider.start(machine)
    host.virsh("destroy", _name(lab))
    assert provider.status()[machine.name] is base.State.STOPPED
    with pytest.raises(errors.ProviderError) as caught:
        provider.alive(machine)
    assert caught.value.message == "the domain of ansible-01 has ended"
    provider.save(machine, "off")
    assert not provider.snapshots(machine)["off"].running
    provider.restore(machine, "off")
    assert provider.status()[machine.name] is base.State.STOPPED
    more = dataclasses.replace(machine, cpus=2, memory_mib=640)
    provider.start(more)
    assert "<vcpu placement='static'>2</vcpu>" in host.virsh("dumpxml", _name(lab))
    provider.start(more)
    with pytest.raises(errors.ProviderError) as caught:
        provider.start(machine)
    assert caught.value.message == "ansible-01 runs with other hardware than lab.yml says now"


def test_a_machine_that_was_deleted_by_hand_or_made_only_half_is_made_again(
    lab: context.Context, host: libvirtd.Host
) -> None:
    provider, machine = lab.provider, _first(lab)
    provider.start(machine)
    host.virsh("destroy", _name(lab))
    host.virsh("undefine", _name(lab))
    assert provider.status()[machine.name] is base.State.ABSENT
    provider.start(machine)
    assert provider.status()[machine.name] is base.State.RUNNING
    host.virsh("destroy", _name(lab))
    mac = machine.nic("hostonly").mac
    host.virsh("detach-interface", _name(lab), "network", "--mac", mac, "--config")
    provider.start(machine)
    assert mac in host.virsh("dumpxml", _name(lab))


def test_what_a_lost_lab_left_is_found_and_removed(
    lab: context.Context, host: libvirtd.Host
) -> None:
    lab.provider.start(_first(lab))
    shutil.rmtree(lab.space.path)
    (found,) = gc.find()
    assert (found.entry, found.machine) == (lab.space.entry, "ansible-01")
    found.remove()
    assert list(gc.find()) == []
    assert (host.names("list"), host.names("net-list")) == ([], ["plain"])
    assert not [name for name in host.volumes() if name.startswith(lab.lab.name)]


def test_what_is_not_ours_is_refused_and_left(lab: context.Context, host: libvirtd.Host) -> None:
    host.virsh("define", "/dev/stdin", stdin=FOREIGN.format(name=_name(lab)))
    try:
        wrong = [finding for finding in lab.provider.preflight() if not finding.ok]
        assert [(each.name, each.detail) for each in wrong] == [
            (f"domain {_name(lab)}", "is there and not labkit's"),
            # It is beside that libvirt, and not where the tests are.
            ("bridge bridge9", "is not there, and ansible-01 is to have a card on it"),
        ]
        assert next(gc.find()).what != f"domain {_name(lab)} (libvirt)"
        destroy.destroy(lab)
        assert host.names("list") == [_name(lab)]
    finally:
        host.virsh("undefine", _name(lab))


def test_a_volume_that_is_not_ours_is_left(lab: context.Context, host: libvirtd.Host) -> None:
    volume = f"{_name(lab)}.img"
    host.virsh("vol-create-as", "default", volume, "1M")
    try:
        with pytest.raises(errors.ProviderError) as caught:
            lab.provider.start(_first(lab))
        assert caught.value.message == f"libvirt's pool 'default' has {volume} already"
        lab.provider.destroy(_first(lab).name)
        assert volume in host.volumes()
    finally:
        host.virsh("vol-delete", volume, "--pool", "default")


def test_a_libvirt_that_is_gone(lab: context.Context, host: libvirtd.Host) -> None:
    lab.provider.start(_first(lab))
    host.run("pkill", "-x", "libvirtd")
    try:
        for ask in (lab.provider.status, lambda: destroy.destroy(lab)):
            with pytest.raises(errors.ProviderError, match=r"^libvirt does not answer: "):
                ask()
        (finding,) = lab.provider.preflight()
        assert finding.name == "libvirt"
        assert list(gc.find()) == []
    finally:
        host.run("libvirtd", "--daemon")
    assert lab.provider.status()["ansible-01"] is base.State.RUNNING
