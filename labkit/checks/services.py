"""What the lab stands on runs now and at the next boot: sshd and NetworkManager.

A profile's own services are its operations' to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

_NEEDED = {
    "SSH server": ("ssh.service", "sshd.service", "ssh.socket", "sshd.socket"),
    "NetworkManager": ("NetworkManager.service",),
}
"""The units of which one must be on; distributions differ in the names, and in who listens."""
_ON = {"enabled", "enabled-runtime", "alias", "static", "generated"}
_RUNS = {"active", "reloading", "refreshing"}
_PROPERTIES = "Id,ActiveState,UnitFileState"


class Services(base.Check):
    """`systemctl show`, once for all units (systemctl(1))."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print the state of each unit, an empty line between two."""
        del lab, machine
        units = (unit for names in _NEEDED.values() for unit in names)
        return shell.argv("systemctl", "show", "-p", _PROPERTIES, "--", *units)

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """One of each kind must run, and one must start at boot."""
        del lab, machine
        units = dict(map(_unit, answer.output.split("\n\n")))
        for service, names in _NEEDED.items():
            states = [units[name] for name in names if name in units]
            runs = any(state in _RUNS for state, _ in states)
            starts = any(boot in _ON for _, boot in states)
            actual = f"{_say(runs, 'runs')}, {_say(starts, 'starts at boot')}"
            # The first unit of the list that exists is the one to look at.
            there = (name for name in names if name in units and units[name][1])
            unit = next(there, names[0])
            repair = f"systemctl unmask {unit} && systemctl enable --now {unit}"
            by_hand = f"systemctl status {unit}"
            yield base.equal(service, "runs, starts at boot", actual, by_hand, repair)


def _say(holds: bool, what: str) -> str:
    return what if holds else f"not: {what}"


def _unit(text: str) -> tuple[str, tuple[str, str]]:
    said = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return said.get("Id", ""), (said.get("ActiveState", ""), said.get("UnitFileState", ""))
