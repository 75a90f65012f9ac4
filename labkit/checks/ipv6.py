"""IPv6 is off: not one card has an IPv6 address, whatever the configuration files say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model


class Ipv6(base.Check):
    """Every interface, the loopback one included."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print all IPv6 addresses as JSON (ip-address(8))."""
        del lab, machine
        return "ip -j -6 address"

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Complain about each address."""
        del lab
        devices = json.loads(answer.output.strip() or "[]")
        found = [
            f"{info['local']} on {device['ifname']}"
            for device in devices
            if device  # ip prints empty objects for interfaces without such an address
            for info in device.get("addr_info", [])
        ]
        yield base.equal(
            "no IPv6 address on any interface", "none", ", ".join(found) or "none",
            "ip -6 address", base.apply(machine.name, "ipv6"),
        )  # fmt: skip
