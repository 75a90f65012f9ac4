"""Which address the first card of each machine has. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
from typing import TYPE_CHECKING

from labkit import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labkit.plan import model


def assign(
    names: Iterable[str],
    kept: Mapping[str, ipaddress.IPv4Address],
    between: tuple[ipaddress.IPv4Address, ipaddress.IPv4Address],
    taken: Iterable[ipaddress.IPv4Address],
) -> dict[str, ipaddress.IPv4Address]:
    """Give each machine an address of a range.

    A machine keeps the one that it has. A new one begins to look at a place that follows from its
    name, so that the order of the file means nothing.

    Args:
        names: The machines.
        kept: What machines have already.
        between: The first and the last address.
        taken: Addresses that nobody gets, such as the router's.

    Raises:
        errors.ProviderError: There are more machines than addresses.
    """
    first, last = map(int, between)
    wanted = sorted(names)
    given = {
        name: kept[name] for name in wanted if name in kept and first <= int(kept[name]) <= last
    }
    used = {*map(int, given.values()), *map(int, taken)}
    free = last - first + 1 - sum(first <= each <= last for each in used)
    lacking = len(wanted) - len(given) - free
    if lacking > 0:
        raise errors.ProviderError(
            f"the addresses {between[0]} to {between[1]} are {lacking} too few for "
            f"{len(wanted)} machines",
            hint="widen providers.vsphere.address_range",
        )
    for name in wanted:
        if name not in given:
            at = first + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % (
                last - first + 1
            )
            while at in used:
                at = at + 1 if at < last else first
            used.add(at)
            given[name] = ipaddress.IPv4Address(at)
    return given


def with_facts(
    machine: model.Machine, facts: Mapping[str, str], address: ipaddress.IPv4Address | None
) -> model.Machine:
    """Return a machine with its cards' real MAC addresses, and its first card's real address."""
    return dataclasses.replace(
        machine,
        nics=tuple(
            dataclasses.replace(
                nic,
                mac=facts.get(nic.kind, nic.mac),
                address=ipaddress.IPv4Interface((address, nic.address.network.prefixlen))
                if address is not None and nic.kind == "nat"
                else nic.address,
            )
            for nic in machine.nics
        ),
    )


def reported(addresses: Iterable[str]) -> str:
    """Return the first IPv4 address that a guest tells, which is no link-local one; or nothing."""
    for text in addresses:
        try:
            found = ipaddress.ip_address(text)
        except ValueError:
            continue
        if found.version == 4 and not found.is_link_local:  # noqa: PLR2004 - IPv4
            return text
    return ""
