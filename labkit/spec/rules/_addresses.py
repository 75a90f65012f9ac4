"""All addresses of a lab's machines, for the rules about them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ipaddress
    from collections.abc import Iterator

    from labkit.spec import model, place


RESERVED = {
    "nat": {2: "the NAT gateway", 3: "the NAT network's DNS forwarder"},
    "hostonly": {1: "this host"},
}
"""Offsets into a network and what is there. The NAT ones are VirtualBox's and QEMU's layout."""


@dataclasses.dataclass(frozen=True, slots=True)
class Owned:
    """An address of a machine on a network."""

    machine: str
    network: str
    address: ipaddress.IPv4Address
    subnet: ipaddress.IPv4Network

    @property
    def path(self) -> place.Path:
        """Where the file gives the address."""
        return ("machines", self.machine, self.network)

    @property
    def hint(self) -> str:
        """Say which addresses a machine can have on the network."""
        first = max(RESERVED[self.network]) + 1
        return f"take one between {self.subnet[first]} and {self.subnet[-2]}"


def of(lab: model.LabFile) -> Iterator[Owned]:
    """Yield each machine's address on each network."""
    for name, entry in lab.machines.items():
        yield Owned(name, "nat", entry.nat, lab.networks.nat.subnet)
        yield Owned(name, "hostonly", entry.hostonly, lab.networks.hostonly.subnet)
