"""`lab.up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console
from labkit.lifecycle import up as bringing
from labkit.report import summary
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(iterable=("only",))
def up(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    provider: str = "",
    format: str = "",
) -> None:
    """Make, start, configure and verify the machines; keeps what is there already."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    machines = opened.choose(base.chosen(only))
    with opened.space.lock("lab.up"):
        base.log(opened)
        result = bringing.up(opened, machines)
    if as_json:
        print(summary.document(opened, result))
    else:
        for part in summary.render(opened, result):
            console.out.print(part, soft_wrap=True)
    base.leave(result.exit_code)
