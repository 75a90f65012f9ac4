"""Every machine knows every machine by name, and the resolver is set up as lab.yml says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model


class Names(base.Check):
    """getent(1) for every name, and resolv.conf(5)."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print the resolver's settings, then the first address of each name."""
        del machine
        names = shell.argv(*(name for name, _ in _wanted(lab)))
        return (
            "sed -n 's/^nameserver  *//p' /etc/resolv.conf | tr '\\n' ' '; echo\n"
            "sed -n 's/^search  *//p' /etc/resolv.conf\n"
            f'for name in {names}; do echo "$name $(getent ahostsv4 "$name" | '
            "sed -n 's/ .*STREAM.*//p' | head -n 1)\"; done"
        )

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Compare with the plan."""
        lines = answer.output.split("\n")
        servers = " ".join(str(server) for server in machine.nic("nat").dns)
        look = "look at /etc/resolv.conf and 'nmcli connection show nat'"
        yield base.equal("DNS servers", servers, lines[0].strip(), look)
        searched = lines[1].strip() if len(lines) > 1 else ""
        yield base.equal("search domain", " ".join(lab.search), searched, look)
        found = dict(line.split(" ", 1) for line in lines[2:] if " " in line)
        for name, address in _wanted(lab):
            # A machine may know itself by the loopback address too; others must be found.
            yield base.equal(
                f"address of {name}", address, found.get(name, ""), f"getent ahostsv4 {name}"
            )


def _wanted(lab: model.Lab) -> list[tuple[str, str]]:
    return [
        (name, str(machine.hostonly))
        for machine in lab.machines
        for name in (machine.name, *(f"{machine.name}.{domain}" for domain in lab.search[:1]))
    ]
