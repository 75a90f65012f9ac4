"""IPv4 addresses and networks as a lab file writes them."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, TypeAlias

import pydantic

from labkit.spec import faults, words

PREFIXES = range(8, 30)
"""A /29 is the smallest that holds a gateway, a DNS forwarder, a host and some machines."""

_CIDR = re.compile("[0-9.]+/[0-9]{1,2}")


def address(value: object) -> ipaddress.IPv4Address:
    """Return the address that a value of the file stands for.

    Raises:
        pydantic_core.PydanticCustomError: It stands for none that a machine could have.
    """
    try:
        found = ipaddress.IPv4Address(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise faults.wrong(
            f"{words.show(value)} is not an IPv4 address",
            "write four numbers from 0 to 255, for example 192.168.56.61",
        )
    _refuse_special(found, value)
    return found


def subnet(value: object) -> ipaddress.IPv4Network:
    """Return the network that a value of the file stands for.

    Raises:
        pydantic_core.PydanticCustomError: It stands for none that machines could be in.
    """
    try:
        is_cidr = isinstance(value, str) and _CIDR.fullmatch(value)
        interface = ipaddress.IPv4Interface(value) if is_cidr else None
    except ValueError:
        interface = None
    if interface is None:
        raise faults.wrong(
            f"{words.show(value)} is not an IPv4 network",
            "write an address and a prefix length, for example 192.168.56.0/24",
        )
    network = interface.network
    if interface.ip != network.network_address:
        message = f"{words.show(value)} is an address in a network, not the network"
        raise faults.wrong(message, f"did you mean {network}?")
    if network.prefixlen not in PREFIXES:
        message = f"a network with the prefix length {network.prefixlen} does not fit a lab"
        raise faults.wrong(message, f"use /{PREFIXES[0]} to /{PREFIXES[-1]}")
    _refuse_special(network.network_address, value)
    return network


def _refuse_special(found: ipaddress.IPv4Address, value: object) -> None:
    """Refuse the blocks of RFC 6890 that no machine can have its address in."""
    kinds = {
        "loopback": found.is_loopback,
        "link-local": found.is_link_local,
        "multicast": found.is_multicast,
        "reserved": found.is_reserved or found in ipaddress.IPv4Network("0.0.0.0/8"),
    }
    for kind in (name for name, applies in kinds.items() if applies):
        raise faults.wrong(
            f"{words.show(value)} is {kind}; no machine can use it",
            "private addresses are 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16 (RFC 1918)",
        )


def loopback(value: object) -> ipaddress.IPv4Address:
    """Return the address of this host that a value of the file stands for.

    Raises:
        pydantic_core.PydanticCustomError: It stands for none that this host alone can reach.
    """
    try:
        found = ipaddress.IPv4Address(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or not found.is_loopback:
        raise faults.wrong(
            f"{words.show(value)} is not a loopback address",
            "write an address in 127.0.0.0/8, for example 127.0.0.1",
        )
    return found


_OCTETS = "[0-9]{1,3}([.][0-9]{1,3}){3}"

Address: TypeAlias = Annotated[
    ipaddress.IPv4Address,
    pydantic.BeforeValidator(address),
    pydantic.WithJsonSchema({"type": "string", "pattern": f"^{_OCTETS}$"}),
]
Subnet: TypeAlias = Annotated[
    ipaddress.IPv4Network,
    pydantic.BeforeValidator(subnet),
    pydantic.WithJsonSchema({"type": "string", "pattern": f"^{_OCTETS}/[0-9]{{1,2}}$"}),
]
Loopback: TypeAlias = Annotated[
    ipaddress.IPv4Address,
    pydantic.BeforeValidator(loopback),
    pydantic.WithJsonSchema({"type": "string", "pattern": "^127([.][0-9]{1,3}){3}$"}),
]

# Below 1024 they take root rights.
Port: TypeAlias = Annotated[int, pydantic.Field(ge=1024, le=65_535)]
