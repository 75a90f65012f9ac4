"""`lab.up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console
from labkit.lifecycle import up as bringing
from labkit.report import about, save, summary
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
    with opened.hold("lab.up"):
        base.log(opened)
        result = bringing.up(opened, machines)
        run = about.here("up", opened.lab.provider, opened.progress.phases)
        kept = save.keep(opened.space, opened.known, summary.whole(opened, result), run)
    if as_json:
        print(summary.document(opened, result))
    else:
        for part in summary.render(opened, result):
            console.out.print(part, soft_wrap=True)
        console.out.print(kept, soft_wrap=True, markup=False)
    base.leave(result.exit_code)
