"""The same lab of somebody else: what differs between two labs of one lab file, and no more. Pure.

Whatever is equal in both tells nobody apart, and so may be shared.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import TYPE_CHECKING

from labkit.plan import derive

if TYPE_CHECKING:
    from labkit.plan import model

_NAME = "stranger"
# TEST-NET-1 and TEST-NET-2 (RFC 5737): no lab has an address there.
_SUBNETS = {"nat": "192.0.2.0/24", "hostonly": "198.51.100.0/24"}


def of(lab: model.Lab) -> model.Lab:
    """Return the lab under another name, with machines of other names on other addresses.

    Machines keep their order, and all that lab.yml says they are.
    """
    networks = tuple(
        dataclasses.replace(
            network,
            subnet=ipaddress.IPv4Network(_SUBNETS[network.kind]),
            gateway=_moved(network.gateway, network.kind, 2),
            dns=_moved(network.dns, network.kind, 3),
        )
        for network in lab.networks
    )
    machines = tuple(_machine(machine, number) for number, machine in enumerate(lab.machines))
    return dataclasses.replace(
        lab, name=_NAME, id=derive.lab_id(_NAME), networks=networks, machines=machines
    )


def _machine(machine: model.Machine, number: int) -> model.Machine:
    name = f"{_NAME}-{number:04}"
    return dataclasses.replace(
        machine,
        name=name,
        uuid=derive.machine_uuid(_NAME, name),
        ssh_address=ipaddress.IPv4Address("127.255.255.254"),
        ssh_port=derive.ssh_port(_NAME, name),
        nics=tuple(_nic(nic, name, number) for nic in machine.nics),
    )


def _nic(nic: model.Nic, name: str, number: int) -> model.Nic:
    first = ipaddress.IPv4Network(_SUBNETS[nic.kind]).network_address
    return dataclasses.replace(
        nic,
        mac=derive.mac(_NAME, name, nic.kind),
        address=ipaddress.IPv4Interface((first + 4 + number % 250, 24)),
        connection=derive.connection_uuid(_NAME, name, nic.kind),
        gateway=_moved(nic.gateway, nic.kind, 2),
    )


def _moved(
    address: ipaddress.IPv4Address | None, kind: model.NicKind, host: int
) -> ipaddress.IPv4Address | None:
    return address and ipaddress.IPv4Network(_SUBNETS[kind]).network_address + host
