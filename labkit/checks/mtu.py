"""Both cards take packets as large as Ethernet does; smaller ones make long transfers hang.

That such packets also arrive is for the check `reach` to say.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

ETHERNET = 1500
"""Bytes of an IP packet in one Ethernet frame (RFC 894)."""


class Mtu(base.Check):
    """`ip link` of both cards (ip-link(8))."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print all interfaces as JSON."""
        del lab, machine
        return "ip -j link"

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Compare; a card that is not there is the operation `connection`'s to complain about."""
        del lab
        links = {link.get("address"): link for link in json.loads(answer.output)}
        for nic in machine.nics:
            actual = str(links.get(nic.mac, {}).get("mtu", "no such card"))
            by_hand = f"ip link | grep -B 1 {nic.mac}"
            name = links.get(nic.mac, {}).get("ifname", "CARD")
            repair = shell.argv("ip", "link", "set", name, "mtu", ETHERNET)
            yield base.equal(f"MTU of the {nic.kind} card", str(ETHERNET), actual, by_hand, repair)
