"""`lab.verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console, errors
from labkit.lifecycle import verify as verifying
from labkit.report import json as json_report
from labkit.report import text
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(iterable=("only",))
def verify(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    provider: str = "",
    format: str = "",
) -> None:
    """Prove that the running lab is what lab.yml says; changes nothing."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    machines = opened.choose(base.chosen(only))
    with opened.space.lock("lab.verify"), opened.progress.watch():
        base.log(opened)
        report = verifying.verify(opened, machines)
    if as_json:
        print(json_report.render(report))
    else:
        for part in text.render(report):
            console.out.print(part, soft_wrap=True)
    base.leave(errors.ExitCode.YES if report.ok else errors.ExitCode.NO)
