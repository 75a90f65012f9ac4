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
_NONE = "none"
# The lab's names are IPv4's. `getent hosts` would ask for IPv6 first, which /etc/hosts does not
# have, so that each name would wait for the DNS servers; without an answer, twenty seconds.
_GETENT = "getent ahostsv4"
_LIMITS = "RES_OPTIONS='timeout:2 attempts:1'"
"""For a name that is not in /etc/hosts (resolv.conf(5)): a dead server is asked once."""


class Names(base.Check):
    """getent(1) for every name, and resolv.conf(5)."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print the resolver's settings, then what is said of each name, in their order.

        Which name a line is about does not show, so where one is missing, each is asked for alone.
        """
        del machine
        names = shell.argv(*(name for name, _ in _wanted(lab)))
        alone = f"{_GETENT} \"$name\" || echo '{_NONE} STREAM {_NONE}'"
        return (
            f"cat /etc/resolv.conf\necho '{_MARK}'\nexport {_LIMITS}\n"
            f'if said=$({_GETENT} {names}); then echo "$said"; else\n'
            f"for name in {names}; do {alone}; done; fi"
        )

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
        wanted = _wanted(lab)
        found = dict(zip((name for name, _ in wanted), _found(listed), strict=False))
        for name, address in wanted:
            by_hand = f"{_GETENT} {name}"
            hosts = base.apply(machine.name, "hosts")
            yield base.equal(f"address of {name}", address, found.get(name, ""), by_hand, hosts)


def _found(listed: str) -> list[str]:
    """Return the first address of each name: only its line ends with the canonical name."""
    lines = (line.split() for line in listed.splitlines())
    first = (words[0] for words in lines if len(words) == len(("address", "STREAM", "name")))
    return ["" if address == _NONE else address for address in first]


def _setting(text: str, key: str) -> str:
    lines = (line.split() for line in text.splitlines())
    return " ".join(word for words in lines if words[:1] == [key] for word in words[1:])


def _wanted(lab: model.Lab) -> list[tuple[str, str]]:
    return [
        (name, str(machine.hostonly))
        for machine in lab.machines
        for name in (machine.name, *(f"{machine.name}.{domain}" for domain in lab.search[:1]))
    ]
