"""`lab.verify`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from labkit import console, errors
from labkit.lifecycle import verify as verifying
from labkit.report import about, save, text
from labkit.report import draft as drafts
from labkit.report import json as json_report
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context

    from labkit.report import model


@base.task(
    iterable=("only", "output"),
    output="write the report to this .html, .json, .xml (JUnit) or .txt file too; may be repeated",
    reboot="reboot the machines in between; shows each setting's file, runtime and after reboot",
    fix="repair what 'lab.apply' can repair, then verify again; says what was repaired",
)
def verify(
    _: invoke.context.Context,
    only: list[str],
    output: list[str],
    file: str = "",
    provider: str = "",
    format: str = "",
    reboot: bool = False,
    fix: bool = False,
) -> None:
    """Prove that the running lab is what lab.yml says; changes nothing unless asked to repair."""
    as_json = base.wants_json(format)
    files = save.wanted(output)
    opened = base.open_lab(file, provider)
    machines = opened.choose(base.chosen(only))
    run = functools.partial(about.here, "verify", opened.lab.provider, opened.progress.phases)
    draft = drafts.Draft()
    names = [machine.name for machine in machines]
    with (
        save.failing(files, opened.lab, names, run, draft=draft, space=opened.space),
        opened.hold("lab.verify"),
        opened.progress.watch(),
    ):
        base.log(opened)
        report = verifying.verify(opened, machines, reboot=reboot, fix=fix, draft=draft)
        kept = save.keep(opened.space, opened.known, report, run())
    try:
        _show(report, kept, as_json=as_json)
    finally:  # also when nobody reads the output any more
        save.write(files, opened.known, report, run())
    base.leave(errors.ExitCode.YES if report.ok else errors.ExitCode.NO)


def _show(report: model.Report, kept: str, *, as_json: bool) -> None:
    if as_json:
        print(json_report.render(report))
        return
    for part in text.render(report):
        console.out.print(part, soft_wrap=True)
    console.out.print(kept, soft_wrap=True, markup=False)
