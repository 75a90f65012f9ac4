"""The ansible machine logs in to every other one as root: by key, without a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

OPTIONS = ("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=20")
"""By key or not at all, to nobody whose host key is not known."""


_ANEW = (*OPTIONS, "-o", "ControlPath=none")
"""A kept connection would still be open when its key opens nothing any more (ssh_config(5))."""


class Ssh(base.Check):
    """ssh(1) in batch mode, to all at once, with a log-in of its own each."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str | None:
        """Print each machine's name as the other side gives it, or what ssh complained about."""
        if "ansible" not in machine.roles:
            return None
        tries = (
            shell.line(
                '( echo {} "$('
                + shell.argv("ssh", *_ANEW, f"root@{each.hostonly}", "uname -n")
                + ' 2>&1 | tail -n 1)" ) &',
                each.name,
            )
            for each in lab.machines
            if each is not machine
        )
        return "\n".join((*tries, "wait"))

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Compare the names."""
        said = dict(line.split(" ", 1) for line in answer.output.splitlines() if " " in line)
        for each in lab.machines:
            if each is machine:
                continue
            by_hand = f"ssh {shell.argv(*_ANEW)} root@{each.hostonly} uname -n"
            repair = base.apply(machine.name, "ssh", each.name)
            found = said.get(each.name, "")
            yield base.equal(f"log in to {each.name}", each.name, found, by_hand, repair)
