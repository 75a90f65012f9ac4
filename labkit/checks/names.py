"""Every machine knows every machine by name, and the resolver is set up as lab.yml says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model


_MARK = "--- hosts"


class Names(base.Check):
    """getent(1) for every name, and resolv.conf(5)."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print the resolver's settings, then the first address of each name."""
        del machine
        names = shell.argv(*(name for name, _ in _wanted(lab)))
        return f"cat /etc/resolv.conf\necho '{_MARK}'\ngetent hosts {names}"

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Compare with the plan."""
        settings, _, listed = answer.output.partition(f"{_MARK}\n")
        servers = " ".join(str(server) for server in machine.nic("nat").dns)
        look = "cat /etc/resolv.conf; nmcli -f ipv4 connection show nat"
        dns = base.apply(machine.name, "dns")
        yield base.equal("DNS servers", servers, _setting(settings, "nameserver"), look, dns)
        searched = _setting(settings, "search")
        yield base.equal("search domain", " ".join(lab.search), searched, look, dns)
        found = {
            name: address
            for line in listed.splitlines()
            for address, *names in [line.split()]
            for name in names
        }
        for name, address in _wanted(lab):
            by_hand = f"getent hosts {name}"
            hosts = base.apply(machine.name, "hosts")
            yield base.equal(f"address of {name}", address, found.get(name, ""), by_hand, hosts)


def _setting(text: str, key: str) -> str:
    lines = (line.split() for line in text.splitlines())
    return " ".join(word for words in lines if words[:1] == [key] for word in words[1:])


def _wanted(lab: model.Lab) -> list[tuple[str, str]]:
    return [
        (name, str(machine.hostonly))
        for machine in lab.machines
        for name in (machine.name, *(f"{machine.name}.{domain}" for domain in lab.search[:1]))
    ]
