"""`image.bake`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import rich.table

from labkit import console
from labkit.lifecycle import bake as baking
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(iterable=("only",))
def bake(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    provider: str = "",
    format: str = "",
) -> None:
    """Run the lab's provisioning once into images, from which further machines begin."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    found = baking.bake(opened, opened.choose(base.chosen(only)), base.lab_file(file))
    if as_json:
        rows = [
            {
                "image": each.kept.about.name,
                "digest": each.kept.about.digest,
                "bytes": each.kept.size,
                "machines": each.machines,
                "changes": each.changes,
            }
            for each in found
        ]
        print(json.dumps(rows, indent=2))
        return
    table = rich.table.Table(
        "image", "digest", "MB", "changes in it", "machines that begin with it"
    )
    for each in found:
        size = f"{each.kept.size / 1e6:.0f}" if each.kept.size else ""
        changes = str(each.changes) if each.changes else "it was there"
        machines = ", ".join(each.machines)
        table.add_row(each.kept.about.name, each.kept.about.digest[:12], size, changes, machines)
    console.out.print(table)
