"""`class.status`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import rich.markup
import rich.table

from labkit import console, visible
from labkit.classroom import standing
from labkit.tasks import base
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    import invoke.context


@_base.task(iterable=("only",))
def status(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    host: str = "",
    format: str = "",
) -> None:
    """Show each student's lab: who is up, who is verified, and where SSH is."""
    as_json = base.wants_json(format)
    room = _base.open_class(file)
    students = _base.choose(room, only, host)
    found = standing.look(room, students)
    if as_json:
        rows = {
            name: {
                "state": each.word,
                "machines": {machine: state.value for machine, state in each.machines.items()},
                "error": each.error,
            }
            for name, each in found.items()
        }
        print(json.dumps({"version": 1, "class": room.name, "students": rows}, indent=2))
        return
    table = rich.table.Table("student", "name", "state", "machines", "SSH")
    for student in students:
        each = found[student.name]
        lab = room.labs[student.name]
        count = f"{each.running} of {len(lab.machines)}"
        hosts = ", ".join(dict.fromkeys(lab.ssh(machine)[0] for machine in lab.machines))
        shown = rich.markup.escape(visible.line(student.display))
        table.add_row(student.name, shown, each.error or each.word, count, hosts)
    console.out.print(table)
