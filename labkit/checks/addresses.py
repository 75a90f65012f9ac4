"""The lab's networks are on the cards that belong to them, and on no other interface.

What is on those two cards is the operation `connection`'s to say: it knows all of their addresses.
"""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model


class Addresses(base.Check):
    """`ip address` of every interface, the loopback one included (ip-address(8))."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print all addresses as JSON; with -4 the cards' MAC addresses would be left out."""
        del lab, machine
        return "ip -j address"

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Complain about each address of the lab's networks that is not on its card.

        Bridges of containers and pods have networks of their own, and are nobody's concern here.
        """
        macs = {nic.mac for nic in machine.nics}
        found = [
            f"{info['local']} on {device['ifname']}"
            for device in json.loads(answer.output)
            if device and device.get("address") not in macs
            for info in device.get("addr_info", [])
            if info["family"] == "inet"
            if any(ipaddress.IPv4Address(info["local"]) in each.subnet for each in lab.networks)
        ]
        subject = "no other interface has an address of the lab"
        repair = "; ".join(_drop(each) for each in found) or "ip address del ADDRESS dev CARD"
        yield base.equal(subject, "none", ", ".join(found) or "none", "ip -4 address", repair)


def _drop(found: str) -> str:
    address, _, device = found.partition(" on ")
    return shell.argv("ip", "address", "del", address, "dev", device)
