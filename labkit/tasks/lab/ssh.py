"""`lab.ssh`."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from labkit import errors, system
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task("machine", machine="the machine's name; a command may follow after --")
def ssh(_: invoke.context.Context, machine: str, file: str = "") -> None:
    """Log in to a machine, or run a command there: lab.ssh NAME -- CMD."""
    opened = base.open_lab(file)
    (target,) = opened.choose([machine])
    if not opened.space.ssh_config.exists():
        raise errors.LabError(f"lab '{opened.lab.name}' is not up", hint="run 'lab.up' first")
    system.require("ssh")
    words = ["ssh", "-F", str(opened.space.ssh_config), target.name]
    command = base.remainder()
    if command:
        words += ["--", *command]
    base.leave(subprocess.call(words))
