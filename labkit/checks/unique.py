"""What tells machines apart is each one's own: machine-id, UUID, MAC addresses, SSH host keys.

Copies of one disk share all of them, and then Kubernetes, DHCP and SSH take two machines for one.
"""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING

from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labkit.converge import script
    from labkit.plan import model

Facts = dict[str, tuple[str, ...]]
"""The values of each kind."""

_KINDS = {
    "machine-id": "cat /etc/machine-id",
    "product_uuid": "cat /sys/class/dmi/id/product_uuid",
    "MAC addresses": "ip link",
    "SSH host keys": "cat /etc/ssh/ssh_host_*_key.pub",
}
_REPAIRS = {
    "machine-id": "rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup && "
    "systemctl reboot",
}
"""How to make each one's own again, where the machine itself can."""
_VALUES = {
    "machine-id": re.compile("[0-9a-f]{32}"),
    "product_uuid": re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "MAC addresses": re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}"),
    "SSH host keys": re.compile("[a-z0-9@.-]+ [a-z0-9+/=]+"),
}
"""In small letters, as all of them are compared: firmware writes a UUID in either."""


class Unique(base.Compared[Facts]):
    """machine-id(5), the SMBIOS's UUID, the cards that are devices, and sshd(8)'s public keys."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print a line for each value, with its kind in front.

        Only what has a device behind it is a card; bridges of containers may share addresses.
        """
        del lab, machine
        return (
            "sed -s 's/^/machine-id /' /etc/machine-id\n"
            "sed -s 's/^/product_uuid /' /sys/class/dmi/id/product_uuid\n"
            "for card in /sys/class/net/*; do\n"
            '[ -e "$card/device" ] && read -r mac < "$card/address" && echo "MAC addresses $mac"\n'
            "done\n"
            "sed -s 's/^/SSH host keys /' /etc/ssh/ssh_host_*_key.pub"
        )

    def fact(self, machine: model.Machine, answer: script.Answer) -> Facts:
        """Sort the lines by their kinds; what is no such value at all is left out."""
        del machine
        lines = answer.output.lower().splitlines()
        found: Facts = {}
        for kind, pattern in _VALUES.items():
            start = f"{kind.lower()} "
            rest = (line.removeprefix(start) for line in lines if line.startswith(start))
            values = (value[0] for text in rest if (value := pattern.match(text)))
            found[kind] = tuple(dict.fromkeys(values))
        return found

    def across(self, lab: model.Lab, facts: Mapping[str, Facts]) -> Iterator[tuple[str, base.Seen]]:
        """Say for each machine and kind who else has one of its values."""
        del lab
        for kind, by_hand in _KINDS.items():
            owners: dict[str, list[str]] = collections.defaultdict(list)
            for name, fact in facts.items():
                for value in fact[kind]:
                    owners[value].append(name)
            for name, fact in facts.items():
                others = {each for value in fact[kind] for each in owners[value]} - {name}
                actual = f"as on {', '.join(sorted(others))}" if others else "its own"
                shown = actual if fact[kind] else "none"
                repair = _REPAIRS.get(kind, base.MADE)
                yield name, base.equal(kind, "its own", shown, by_hand, repair)
