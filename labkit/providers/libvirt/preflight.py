"""What stands in the way of a lab on libvirt: each is tried, or looked at in libvirt itself."""

from __future__ import annotations

import ipaddress
import pathlib
import re
import socket
import tempfile
from typing import TYPE_CHECKING

import psutil

from labkit import errors, system
from labkit.providers import base, host
from labkit.providers.libvirt import domains, forwards, networks, storage, virsh
from labkit.render import libvirt as hardware
from labkit.vagrant import tool, version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from labkit.plan import model
    from labkit.workspace import registry

PROGRAMS = ("virsh", "vagrant", "qemu-img")
_PLUGIN = "vagrant-libvirt"
_PATIENCE = 120.0
"""Seconds that Vagrant has to list its plugins; it takes about two."""


def look(
    lab: model.Lab,
    entry: registry.Entry,
    states: Mapping[str, base.State],
) -> tuple[base.Finding, ...]:
    """Look at programs and at libvirt, then at what the lab will need there.

    Args:
        lab: The lab.
        entry: Whose it is.
        states: What its machines are doing; one that is not named is absent.
    """
    missing = system.missing(*PROGRAMS)
    if missing:
        command = " ".join(system.install_argv([*missing, _PLUGIN]))
        detail = f"not installed: {', '.join(missing)}"
        return (base.Finding("programs", ok=False, detail=detail, hint=command),)
    try:
        release = virsh.run("version", "--daemon").strip().splitlines()[-1]
    except errors.ProviderError as error:
        return (base.Finding("libvirt", ok=False, detail=error.message, hint=error.hint),)
    running = base.State.RUNNING
    starting = [each for each in lab.machines if states.get(each.name) is not running]
    absent = [each for each in starting if states.get(each.name) is not base.State.STOPPED]
    found = [base.Finding("libvirt", ok=True, detail=release)]
    if absent:
        found.append(plugin())
    found += pool(lab, starting)
    found += _domains(lab, entry)
    known = networks.every()
    interfaces = _interfaces()
    found += (network(lab, kind, entry, known, interfaces) for kind in hardware.kinds(lab))
    for machine in absent:
        found += cards(lab, machine, known, interfaces)
    for machine in starting:
        found += forwards.preflight(lab, machine)
    return (*found, host.memory(sum(each.memory_mib for each in starting)))


def plugin() -> base.Finding:
    """Ask Vagrant whether it has the plugin that makes machines of libvirt."""
    patience = {**tool.PATIENCE, "plugin": _PATIENCE}
    try:
        with tempfile.TemporaryDirectory() as folder:  # the lab's own may not be there yet
            asked = tool.Vagrant(pathlib.Path(folder), "libvirt", patience=patience)
            version.require(asked.version())
            listed = asked.run("plugin", "list")
    except errors.ProviderError as error:
        return base.Finding("vagrant", ok=False, detail=error.message, hint=error.hint)
    ours = [line for line in listed.splitlines() if line.startswith(f"{_PLUGIN} ")]
    if ours:
        return base.Finding(_PLUGIN, ok=True, detail=ours[0])
    command = " ".join(system.install_argv([_PLUGIN]))
    hint = f"'{command}', or 'vagrant plugin install {_PLUGIN}'"
    return base.Finding(_PLUGIN, ok=False, detail="Vagrant has no such plugin", hint=hint)


def pool(lab: model.Lab, machines: Sequence[model.Machine]) -> Iterator[base.Finding]:
    """Look for the pool of the lab's disks, and at the room in it."""
    name = str(lab.provider_options.get("pool", "default"))
    if name not in virsh.run("pool-list", "--all", "--name").split():
        if refused := storage.refusal(name):
            yield base.Finding("pool", ok=False, detail=refused.message, hint=refused.hint)
        return
    said = virsh.run("pool-info", name, "--bytes")
    if free := re.search(r"^Available: +(\d+)$", said, re.MULTILINE):  # none of one that is off
        hint = "'virsh pool-list --details' shows where its volumes are; make room there"
        yield host.disk(int(free[1]), f"in pool '{name}'", lab, machines, hint)


def _domains(lab: model.Lab, entry: registry.Entry) -> Iterator[base.Finding]:
    """Name domains that have a name of ours and are somebody else's."""
    names = {f"{lab.name}-{machine.name}" for machine in lab.machines}
    for name, domain in domains.look(names).items():
        owner = domains.owner(domain)
        if owner == entry:
            continue
        whose = f"that of lab '{owner.lab}' in {owner.folder}" if owner else "not labkit's"
        hint = "rename the lab in lab.yml; nothing of others is touched"
        yield base.Finding(f"domain {name}", ok=False, detail=f"is there and {whose}", hint=hint)


def network(
    lab: model.Lab,
    kind: str,
    entry: registry.Entry,
    known: Mapping[str, networks.Network],
    interfaces: Mapping[str, Sequence[ipaddress.IPv4Address]],
) -> base.Finding:
    """Say whether a network of the lab can be there, beside all others of this host. Pure.

    Args:
        lab: The lab.
        kind: Which of its networks.
        entry: Whose it will be.
        known: The networks of libvirt, by name.
        interfaces: The addresses of this host, by interface.
    """
    (wanted,) = networks.read(networks.document(lab, kind, entry))
    title = f"network {wanted.name}"
    if wanted.name in known and (problem := networks.refusal(known[wanted.name], wanted)):
        return base.Finding(title, ok=False, detail=problem.message, hint=problem.hint)
    if not wanted.addresses:
        return base.Finding(title, ok=True, detail="this host has no address on it")
    subnet = wanted.addresses[0].network
    hint = f"end that one, or give networks.{kind} another subnet in lab.yml"
    for other in known.values():
        if other.name != wanted.name and any(each.ip in subnet for each in other.addresses):
            detail = f"{subnet} is the subnet of libvirt's network '{other.name}'"
            return base.Finding(title, ok=False, detail=detail, hint=hint)
    bridges = {each.bridge for each in known.values()}
    for name, addresses in interfaces.items():
        if name not in bridges and any(address in subnet for address in addresses):
            detail = f"{subnet} is the subnet of this host's {name}"
            return base.Finding(title, ok=False, detail=detail, hint=hint)
    return base.Finding(title, ok=True, detail=str(subnet))


def cards(
    lab: model.Lab,
    machine: model.Machine,
    known: Collection[str],
    interfaces: Collection[str],
) -> Iterator[base.Finding]:
    """Name what a machine's further cards are to be plugged into and is not there. Pure.

    Args:
        lab: The lab.
        machine: Its machine.
        known: The names of libvirt's networks.
        interfaces: Those of this host's.
    """
    own = {hardware.network(lab.name, kind) for kind in hardware.kinds(lab)}
    for card in hardware.cards(lab, machine):
        title = f"{'bridge' if card.is_bridge else 'network'} {card.source}"
        if card.is_bridge and card.source not in interfaces:
            hint = f"make it on this host: 'sudo ip link add {card.source} type bridge'"
        elif not card.is_bridge and card.source not in {*known, *own}:
            hint = "'virsh net-list --all' shows the networks; kind: internal has labkit make one"
        else:
            continue
        detail = f"is not there, and {machine.name} is to have a card on it"
        yield base.Finding(title, ok=False, detail=detail, hint=hint)


def _interfaces() -> Mapping[str, Sequence[ipaddress.IPv4Address]]:
    return {
        name: [ipaddress.IPv4Address(one.address) for one in each if one.family == socket.AF_INET]
        for name, each in psutil.net_if_addrs().items()
    }
