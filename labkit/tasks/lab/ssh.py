"""`lab.ssh`."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from labkit import log, system
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task("machine", machine="the machine's name; a command may follow after --")
def ssh(_: invoke.context.Context, machine: str, file: str = "") -> None:
    """Log in to a machine, or run a command there: lab.ssh NAME -- CMD."""
    opened = base.open_lab(file)
    (target,) = opened.choose([machine])
    opened.require_up()
    system.require("ssh")
    base.log(opened)
    words = ["ssh", "-F", str(opened.space.ssh_config), target.name]
    command = base.remainder()
    with log.command(words, machine=target.name) as record:  # what follows may hold secrets
        record.status = subprocess.call([*words, "--", *command] if command else words)
    base.leave(record.status)
