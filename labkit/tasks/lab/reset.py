"""`lab.reset`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console, errors
from labkit.lifecycle import reset as resetting
from labkit.report import json as json_report
from labkit.report import text
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task()
def reset(_: invoke.context.Context, file: str = "", provider: str = "", format: str = "") -> None:
    """Go back to the state right after the last good verify; what was done since is lost."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    with opened.hold("lab.reset"):
        base.log(opened)
        report = resetting.reset(opened)
    if as_json:
        print(json_report.render(report))
    else:
        for part in text.render(report):
            console.out.print(part, soft_wrap=True)
        phases = ", ".join(f"{name} {took:.1f} s" for name, took in opened.progress.phases.items())
        console.out.print(f"time: {phases}")
    base.leave(errors.ExitCode.YES if report.ok else errors.ExitCode.NO)
