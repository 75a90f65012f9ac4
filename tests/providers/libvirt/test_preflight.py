from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors, system, vagrant
from labkit.providers import base
from labkit.providers.libvirt import preflight

if TYPE_CHECKING:
    import pytest

    from labkit.plan import model
    from tests import programs as fakes

VIRSH = ("virsh", "--quiet", "--connect", "qemu:///system")


def test_what_further_cards_are_plugged_into_is_there(lab: model.Lab) -> None:
    nics = [
        {"kind": "internal", "name": "dmz"},
        {"kind": "network", "name": "default"},
        {"kind": "bridged", "name": "br0"},
    ]
    options = {"machines": {"ansible-01": {"nics": nics}}}
    more = dataclasses.replace(lab, provider_options=options)
    machine = more.machine("ansible-01")
    assert list(preflight.cards(more, machine, {"default"}, {"lo", "br0"})) == []
    detail = "is not there, and ansible-01 is to have a card on it"
    hint = "'virsh net-list --all' shows the networks; kind: internal has labkit make one"
    assert list(preflight.cards(more, machine, {"other"}, {"lo"})) == [
        base.Finding("network default", ok=False, detail=detail, hint=hint),
        base.Finding(
            "bridge br0",
            ok=False,
            detail=detail,
            hint="make it on this host: 'sudo ip link add br0 type bridge'",
        ),
    ]


def _plugins(
    monkeypatch: pytest.MonkeyPatch, said: str | errors.ProviderError, release: str = "2.3.4"
) -> base.Finding:
    """Return what is found where Vagrant says this of its plugins."""

    def run(_: vagrant.Vagrant, *words: str) -> str:
        if words == ("--version",):
            return f"Vagrant {release}"
        assert words == ("plugin", "list")
        if isinstance(said, errors.ProviderError):
            raise said
        return said

    monkeypatch.setattr(vagrant.Vagrant, "run", run)
    return preflight.plugin()


def test_the_plugin_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    there = "vagrant-libvirt (0.11.2, system)"
    assert _plugins(monkeypatch, f"vagrant-other (1.0)\n{there}\n  - Version: 0.11\n") == (
        base.Finding("vagrant-libvirt", ok=True, detail=there)
    )
    command = " ".join(system.install_argv(["vagrant-libvirt"]))
    for said in ("No plugins installed.\n", "vagrant-libvirt-extra (1.0)\n"):
        assert _plugins(monkeypatch, said) == base.Finding(
            "vagrant-libvirt",
            ok=False,
            detail="Vagrant has no such plugin",
            hint=f"'{command}', or 'vagrant plugin install vagrant-libvirt'",
        )
    broken = errors.ProviderError("Vagrant is not installed", hint="install it")
    assert _plugins(monkeypatch, broken) == base.Finding(
        "vagrant", ok=False, detail="Vagrant is not installed", hint="install it"
    )


def test_a_vagrant_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _plugins(monkeypatch, "vagrant-libvirt (0.11.2, system)", "2.2.1") == base.Finding(
        "vagrant",
        ok=False,
        detail="Vagrant 2.2.1 is too old: labkit needs 2.2.10 or newer",
        hint="install a newer one: https://developer.hashicorp.com/vagrant/install",
    )


def test_the_room_in_the_pool(lab: model.Lab, programs: fakes.Programs) -> None:
    options = {"machines": {"ansible-01": {"disks": [10]}}}
    more = dataclasses.replace(lab, provider_options=options)
    programs.expect(*VIRSH, "pool-list", "--all", "--name", out="default\n")
    ask = (*VIRSH, "pool-info", "default", "--bytes")
    hint = "'virsh pool-list --details' shows where its volumes are; make room there"
    most = sum(machine.disk_gib for machine in lab.machines) + 10

    def look(free: int) -> base.Finding:
        said = f"Name:           default\nState:          running\nAvailable:      {free}\n"
        programs.replace(*ask, out=said)
        (found,) = preflight.pool(more, more.machines)
        assert (found.name, found.hint) == ("disk", hint)
        assert found.detail == (
            f"{free >> 30} GiB free in pool 'default'; the disks may grow to {most} GiB"
        )
        return found

    assert look(most << 30).verdict is base.Verdict.OK
    assert look((most - 1) << 30).verdict is base.Verdict.CHOICE
    assert look(1 << 29).verdict is base.Verdict.FAILED
    programs.replace(*ask, out="Name:           default\nState:          inactive\n")
    assert list(preflight.pool(more, more.machines)) == []


def test_a_pool_that_is_not_there(lab: model.Lab, programs: fakes.Programs) -> None:
    programs.expect(*VIRSH, "pool-list", "--all", "--name", out="iso\n")
    assert list(preflight.pool(lab, lab.machines)) == [], "labkit makes the default one"
    other = dataclasses.replace(lab, provider_options={"pool": "fast"})
    assert list(preflight.pool(other, lab.machines)) == [
        base.Finding(
            "pool",
            ok=False,
            detail="libvirt has no pool 'fast'",
            hint="'virsh pool-list --all' shows the pools; providers.libvirt.pool names one",
        )
    ]
