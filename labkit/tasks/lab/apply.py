"""`lab.apply`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labkit import console
from labkit.lifecycle import apply as applying
from labkit.report import changes
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(iterable=("only", "tags"))
def apply(
    _: invoke.context.Context,
    only: list[str],
    tags: list[str],
    file: str = "",
    provider: str = "",
    format: str = "",
) -> None:
    """Make the running machines what the lab says; starts none, and changes what differs only."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    machines = opened.choose(base.chosen(only))
    with opened.hold("lab.apply"):
        base.log(opened)
        done = applying.apply(opened, machines, base.listed(tags))
    found = {
        name: each if isinstance(each, Exception) else tuple(each.changes)
        for name, each in done.items()
    }
    if as_json:
        print(json.dumps(changes.document(found), indent=2))
    else:
        for line in changes.render(found, verb="changed", nothing="as wanted already"):
            console.out.print(line, soft_wrap=True)
    base.leave(base.worst(found.values()))
