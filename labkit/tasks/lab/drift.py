"""`lab.drift`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labkit import console, errors
from labkit.lifecycle import look as looking
from labkit.report import changes
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(iterable=("only", "tags"))
def drift(
    _: invoke.context.Context,
    only: list[str],
    tags: list[str],
    file: str = "",
    provider: str = "",
    format: str = "",
) -> None:
    """Say what is no longer as the lab says inside the machines; exits 1 when anything is."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    found = looking.look(opened, opened.choose(base.chosen(only)), base.listed(tags))
    if as_json:
        print(json.dumps(changes.document(found), indent=2))
    else:
        for line in changes.render(found, verb="not as wanted", nothing="as wanted"):
            console.out.print(line, soft_wrap=True)
    drifted = errors.ExitCode.NO if looking.drifted(found) else errors.ExitCode.YES
    base.leave(base.worst(found.values()) or drifted)
