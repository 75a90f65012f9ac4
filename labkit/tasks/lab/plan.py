"""`lab.plan`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labkit import console
from labkit.lifecycle import look as looking
from labkit.report import changes
from labkit.report import plan as plan_report
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(
    iterable=("only", "tags"),
    machines="look inside the running machines: what would 'lab.apply' change?",
    commands="with --machines: the shell lines too",
)
def plan(
    _: invoke.context.Context,
    only: list[str],
    tags: list[str],
    file: str = "",
    provider: str = "",
    format: str = "",
    machines: bool = False,
    commands: bool = False,
) -> None:
    """Show what would be made, or with --machines what would be changed; touches nothing."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    if not machines:
        if as_json:
            print(json.dumps(plan_report.document(opened.lab, opened.space), indent=2))
            return
        for part in plan_report.tables(opened.lab):
            console.out.print(part)
        return
    found = looking.look(opened, opened.choose(base.chosen(only)), base.listed(tags))
    if as_json:
        print(json.dumps(changes.document(found), indent=2))
    else:
        for line in changes.render(
            found, verb="would change", nothing="as wanted", commands=commands
        ):
            console.out.print(line, soft_wrap=True)
    base.leave(base.worst(found.values()))
