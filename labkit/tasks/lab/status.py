"""`lab.status`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import rich.table

from labkit import console, errors
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task()
def status(_: invoke.context.Context, file: str = "", provider: str = "", format: str = "") -> None:
    """Show which machines run, and where their SSH is."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    states = {name: state.value for name, state in opened.provider.status().items()}
    if as_json:
        print(json.dumps({"lab": opened.lab.name, "machines": states}, indent=2))
    else:
        table = rich.table.Table("machine", "state", "host-only", "SSH")
        for machine in opened.known.machines:
            where = opened.lab.where(machine)
            table.add_row(machine.name, states[machine.name], str(machine.hostonly), where)
        console.out.print(table)
    running = all(state == "running" for state in states.values())
    base.leave(errors.ExitCode.YES if running else errors.ExitCode.NO)
