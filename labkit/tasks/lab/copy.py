"""`lab.copy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich.markup

from labkit import console, errors, parallel, system, visible
from labkit.lifecycle import copy as copying
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(
    "source",
    "target",
    source="a path, or MACHINE:PATH, or all:PATH for every machine",
    target="the same; one of the two is on a machine",
)
def copy(_: invoke.context.Context, source: str, target: str, file: str = "") -> None:
    """Copy a file or a folder to machines or from them, as root; asks nothing."""
    opened = base.open_lab(file)
    job = copying.parse(opened, source, target)
    opened.require_up()
    system.require("ssh")
    base.log(opened)
    machines = {machine.name: machine for machine in job.machines}
    done = parallel.each(machines, lambda machine: copying.copy(opened, job, machine))
    for name, result in done.items():
        if isinstance(result, errors.LabError):
            said = rich.markup.escape(visible.line(str(result)))
            console.err.print(f"[red]error:[/] {said}", soft_wrap=True)
        elif isinstance(result, int):
            left = f"; left out {result} links and devices" if result else ""
            far = f"{name}:{job.remote}"
            ends = (job.local, far) if job.to_machines else (far, job.local)
            text = f"copied {ends[0]} to {ends[1]}{left}"
            console.out.print(rich.markup.escape(visible.line(text)), soft_wrap=True)
    base.leave(base.worst(done.values()))
