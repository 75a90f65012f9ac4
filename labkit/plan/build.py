"""Turn a validated spec into the plan."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import TYPE_CHECKING

from labkit import errors
from labkit.plan import checks, derive, model
from labkit.spec import context, resolve, words

if TYPE_CHECKING:
    from labkit.spec import load
    from labkit.spec import model as spec_model

# Where VirtualBox and QEMU user networking both put the gateway and their DNS forwarder
# (VirtualBox manual, section 6.3; QEMU manual, "-netdev user").
_NAT_GATEWAY = 2
_NAT_DNS = 3

_LEASED = frozenset({"virtualbox"})
"""Providers whose NAT NIC keeps its lease: VirtualBox forwards to that address unless it is told
another one, and Vagrant's forward has to work before the machine has any other."""


def build(spec: load.Spec) -> model.Lab:
    """Build the plan.

    Raises:
        errors.FileError: Two machines fell on the same SSH port.
    """
    return _build(spec, spec.lab.provider)


def _build(spec: load.Spec, provider: str) -> model.Lab:
    lab = spec.lab
    nat = _nat_network(lab, provider)
    hostonly = model.Network("hostonly", lab.networks.hostonly.subnet, gateway=None, dns=None)
    leased = provider in _LEASED
    machines = tuple(
        _leased(_machine(lab, name, nat, hostonly), leased) for name in sorted(lab.machines)
    )
    if provider != "vsphere":  # there each machine has an address of its own
        _refuse_equal_ports(spec, machines)
    return model.Lab(
        name=lab.lab,
        id=derive.lab_id(lab.lab),
        provider=provider,
        provider_options=_options(spec, provider),
        networks=(nat, hostonly),
        search=tuple(lab.dns.search),
        machines=machines,
        secrets={name: _source(lab.secrets[name]) for name in sorted(lab.secrets)},
        checks=tuple(checks.plan(lab, name) for name in sorted(lab.checks)),
    )


def with_provider(spec: load.Spec, provider: str) -> model.Lab:
    """Build the plan of the same lab on another provider, with that one's options.

    Raises:
        errors.LabError: There is no such provider.
    """
    if provider not in context.PROVIDERS:
        raise errors.LabError(
            f"there is no provider {words.show(provider)}",
            hint=words.nearest(provider, context.PROVIDERS, otherwise="providers are:"),
        )
    return _build(spec, provider)


def _leased(machine: model.Machine, dhcp: bool) -> model.Machine:
    nics = (dataclasses.replace(nic, dhcp=dhcp and nic.kind == "nat") for nic in machine.nics)
    return dataclasses.replace(machine, nics=tuple(nics))


def _options(spec: load.Spec, provider: str) -> dict[str, object]:
    options: dict[str, object] = getattr(spec.lab.providers, provider).model_dump()
    return options


def _source(entry: spec_model.SecretSource) -> model.SecretSource:
    if entry.env is not None:
        return model.SecretSource("env", entry.env)
    if entry.keyring is not None:
        return model.SecretSource("keyring", entry.keyring.user, entry.keyring.service)
    return model.SecretSource("file", entry.file or "")


def _nat_network(lab: spec_model.LabFile, provider: str) -> model.Network:
    subnet = lab.networks.nat.subnet
    first = subnet.network_address
    if provider == "vsphere":
        # A network of the site, with a router of its own; nothing of it is the hypervisor's.
        gateway = lab.providers.vsphere.gateway or first + 1
        return model.Network("nat", subnet, gateway=gateway, dns=gateway)
    return model.Network("nat", subnet, gateway=first + _NAT_GATEWAY, dns=first + _NAT_DNS)


def _machine(
    lab: spec_model.LabFile, name: str, nat: model.Network, hostonly: model.Network
) -> model.Machine:
    entry = lab.machines[name]
    settings = resolve.settings(lab, name)
    return model.Machine(
        name=name,
        roles=tuple(entry.roles),
        profiles=settings.profiles,
        uuid=derive.machine_uuid(lab.lab, name),
        image=settings.image,
        cpus=settings.cpus,
        memory_mib=settings.memory_mib,
        disk_gib=settings.disk_gib,
        nics=(_nat_nic(lab, name, nat), _hostonly_nic(lab, name, hostonly)),
        ssh_port=entry.ssh_port or derive.ssh_port(lab.lab, name),
        ssh_address=lab.ssh_address,
        selinux=settings.selinux,
        time_zone=settings.time_zone,
        packages=settings.packages,
        sysctl=settings.sysctl,
        sudo_password=settings.sudo_password,
    )


def _nat_nic(lab: spec_model.LabFile, name: str, network: model.Network) -> model.Nic:
    servers = tuple(lab.dns.servers) or ((network.dns,) if network.dns else ())
    return model.Nic(
        kind="nat",
        adapter=1,
        mac=derive.mac(lab.lab, name, "nat"),
        address=_interface(lab.machines[name].nat, network),
        connection=derive.connection_uuid(lab.lab, name, "nat"),
        gateway=network.gateway,
        dns=servers,
        search=tuple(lab.dns.search),
    )


def _hostonly_nic(lab: spec_model.LabFile, name: str, network: model.Network) -> model.Nic:
    return model.Nic(
        kind="hostonly",
        adapter=2,
        mac=derive.mac(lab.lab, name, "hostonly"),
        address=_interface(lab.machines[name].hostonly, network),
        connection=derive.connection_uuid(lab.lab, name, "hostonly"),
    )


def _interface(address: ipaddress.IPv4Address, network: model.Network) -> ipaddress.IPv4Interface:
    return ipaddress.IPv4Interface((address, network.subnet.prefixlen))


def _refuse_equal_ports(spec: load.Spec, machines: tuple[model.Machine, ...]) -> None:
    seen: dict[int, str] = {}
    problems: list[errors.Problem] = []
    for machine in machines:
        other = seen.setdefault(machine.ssh_port, machine.name)
        if other != machine.name:
            problems.append(
                spec.problem(
                    ("machines", machine.name),
                    f"SSH port {machine.ssh_port} is the port of '{other}' already",
                    f"give '{machine.name}' a port of its own: ssh_port: {machine.ssh_port + 1}",
                )
            )
    if problems:
        raise errors.FileError(problems)
