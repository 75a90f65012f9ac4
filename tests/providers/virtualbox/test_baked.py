"""Boxes that machines were baked into, on a Vagrant and a VirtualBox that say what is announced."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors
from labkit.images import carried
from labkit.providers import base, keeper
from labkit.providers.virtualbox import adopt, baked
from labkit.ssh import keys
from labkit.vagrant import settings

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

    from labkit.providers import virtualbox
    from tests.providers.virtualbox.conftest import Box

ABOUT = keeper.About("debian-12 with base", "ab" * 32, ("base",))
NAME = "labkit/baked-abababababababab"
MASTER = "11111111-1111-4111-8111-111111111111"
CLONE = "22222222-2222-4222-8222-222222222222"
HDDS = """\
UUID:           aaaa
Parent UUID:    base
State:          locked read

UUID:           bbbb
Parent UUID:    aaaa
State:          created

UUID:           cccc
Parent UUID:    aaaa
State:          locked write
"""


def _box(name: str, about: keeper.About | None) -> pathlib.Path:
    """Let Vagrant have a box, and let it say that labkit baked it."""
    folder = settings.home() / "boxes" / name.replace("/", "-VAGRANTSLASH-") / "0/virtualbox"
    (folder / "include").mkdir(parents=True)
    (folder / "metadata.json").write_text('{"provider": "virtualbox"}')
    if about:
        text = json.dumps(dataclasses.asdict(about))
        (folder / "include" / "labkit-baked.json").write_text(text)
    return folder


def test_a_machine_is_packaged(provider: virtualbox.Provider, box: Box) -> None:
    machine = box.lab.machine("web-01")
    folder = box.space.machine("web-01")
    folder.mkdir(parents=True)
    key = box.space.path / ".vagrant/machines/web-01/virtualbox/private_key"
    key.parent.mkdir(parents=True)
    key.write_text("opens this machine")
    note, target = folder / "labkit-baked.json", folder / "baked.box"
    target.write_text("half")
    package = ("vagrant", "package", "web-01", "--output", str(target), "--include", str(note))
    add = ("box", "add", "--provider", "virtualbox", "--name", NAME, target.as_uri())
    box.programs.expect(*package)
    box.programs.expect("vagrant", *add)
    assert provider.keeper.find(ABOUT.digest) is None
    provider.keeper.keep(machine, ABOUT)
    assert box.programs.ran == [list(package), ["vagrant", *add]]
    assert json.loads(note.read_text()) == {**dataclasses.asdict(ABOUT), "baked": ["base"]}
    assert not key.exists(), "it would open all machines of the box"
    assert not target.exists()


def test_only_what_says_so_is_ours(provider: virtualbox.Provider) -> None:
    folder = _box(NAME, ABOUT)
    _box("labkit/baked-cdcdcdcdcdcdcdcd", ABOUT)  # another box's file
    _box("labkit/baked-efefefefefefefef", None)
    _box("someone/own", None)
    (kept,) = baked.every()
    assert provider.keeper.find(ABOUT.digest) == kept
    assert provider.keeper.find(ABOUT.digest[:-1] + "0") is None
    assert (kept.about, kept.kind, kept.provider) == (ABOUT, "box", "virtualbox")
    assert kept.size == sum(file.stat().st_size for file in folder.rglob("*.json"))
    assert baked.box(kept, provider.keeper.box("debian-12")).name == NAME


def test_a_box_of_somebody_else_is_left_alone(provider: virtualbox.Provider, box: Box) -> None:
    _box(NAME, None)
    with pytest.raises(errors.ProviderError) as caught:
        provider.keeper.keep(box.lab.machine("web-01"), ABOUT)
    assert (caught.value.message, caught.value.hint) == (
        f"Vagrant has a box {NAME} that labkit did not bake",
        f"labkit leaves it alone; 'vagrant box remove {NAME}'",
    )
    assert box.programs.ran == []


def _linked(box: Box, *disks: tuple[str, str, str]) -> None:
    """Let VirtualBox have machines, each with its UUID, its name and its disk."""
    programs = box.programs
    there = "".join(f'"{name}" {{{number}}}\n' for number, name, _ in disks)
    programs.replace("VBoxManage", "list", "vms", out=there)
    programs.replace("VBoxManage", "list", "hdds", out=HDDS)
    for number, name, disk in disks:
        text = f'name="{name}"\nVMState="poweroff"\n"SATA Controller-ImageUUID-0-0"="{disk}"\n'
        programs.replace("VBoxManage", "showvminfo", number, "--machinereadable", out=text)


def test_who_uses_it(provider: virtualbox.Provider, box: Box) -> None:
    folder = _box(NAME, ABOUT)
    kept = provider.keeper.find(ABOUT.digest)
    assert kept is not None
    assert kept.user(()) == "", "no master of it was ever made"
    (folder / "master_id").write_text(f"{MASTER}\n")
    _linked(box, (CLONE, "first-web-01", "cccc"))
    assert kept.user(()) == "", "its master is gone"
    _linked(box, (MASTER, "baked_1_2", "bbbb"), (CLONE, "first-web-01", "cccc"))
    assert kept.user(()) == "VirtualBox's machine first-web-01 is a linked clone of it"
    _linked(box, (MASTER, "baked_1_2", "bbbb"), (CLONE, "other", "dddd"))
    assert kept.user(()) == ""
    box.programs.replace("VBoxManage", "list", "hdds", err="it broke", status=1)
    assert kept.user(()) == (
        "VirtualBox does not say who uses it: 'VBoxManage list hdds' ended with status 1: it broke"
    )


def test_it_goes_with_its_master(
    provider: virtualbox.Provider, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _box(NAME, ABOUT)
    (folder / "master_id").write_text(MASTER)
    removed: list[str] = []
    monkeypatch.setattr(baked.power, "remove", removed.append)
    _linked(box, (MASTER, "baked_1_2", "bbbb"))
    remove = ("box", "remove", NAME, "--provider", "virtualbox", "--all", "--force")
    box.programs.expect("vagrant", *remove)
    kept = provider.keeper.find(ABOUT.digest)
    assert kept is not None
    kept.remove()
    assert removed == [MASTER]
    assert box.programs.ran[-1] == ["vagrant", *remove]


def test_machines_are_made_from_it(
    provider: virtualbox.Provider, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    _box(NAME, ABOUT)
    kept = provider.keeper.find(ABOUT.digest)
    given: dict[str, Any] = {}

    def take(machine: str, _: object, **said: object) -> None:
        given[machine] = said["files"]

    def files(machine: object, texts: Mapping[str, str]) -> tuple[carried.File, ...]:
        assert machine == box.lab.machine("web-01")
        return (carried.File("/etc/hosts", texts["/etc/hosts"]),)

    monkeypatch.setattr(adopt, "adopt", take)
    provider.birth = lambda _: base.Birth(kept, files)
    card = "Name: vboxnet0\nIPAddress: 192.168.56.1\nNetworkMask: 255.255.255.0\n"
    box.programs.expect("VBoxManage", "list", "hostonlyifs", out=card)
    box.programs.expect("VBoxManage", "getextradata", "global", "enumerate")
    box.programs.expect("vagrant", "up", "web-01", "--no-provision", "--provider=virtualbox")
    ssh = "Host web-01\n  HostName 127.0.0.1\n  User vagrant\n  Port 2222\n  IdentityFile /k\n"
    box.programs.expect("vagrant", "ssh-config", "web-01", out=ssh)
    provider.start(box.lab.machine("web-01"))
    assert [file.text for file in given["web-01"]] == ["127.0.0.1 localhost\n127.0.1.1 web-01\n"]
    text = (box.space.path / "Vagrantfile").read_text()
    assert text.count(f"node.vm.box = '{NAME}'") == 1
    assert text.count("node.vm.box = 'labkit/debian-12-") == 1
    assert text.index(f"'{NAME}'") < text.index("'labkit/debian-12-")


def test_what_it_is_sealed_with(provider: virtualbox.Provider, box: Box) -> None:
    machine = box.lab.machine("web-01")
    with pytest.raises(errors.ProviderError) as caught:
        provider.keeper.seal(machine)
    assert (caught.value.message, caught.value.hint) == (
        f"Vagrant's own keys are not in {settings.home()}",
        "'vagrant global-status' makes them",
    )
    pair = keys.generate("vagrant insecure public key")
    folder = settings.home() / "insecure_private_keys"
    folder.mkdir(parents=True)
    (folder / "vagrant.key.ed25519").write_text(pair.private.reveal())
    text = provider.keeper.seal(machine)
    assert f"'{pair.public.strip()}\n'" in text
    assert "getent passwd vagrant" in text
    subprocess.run(["sh", "-n", "-c", text], check=True)
    assert provider.keeper.apart(box.lab).provider_options["internal"] is True
    assert provider.keeper.account(machine) == "vagrant"
