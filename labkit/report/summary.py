"""What `up` says at its end: the report, addresses, how to log in, where logs are, times."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
from typing import TYPE_CHECKING

import rich.console
import rich.markup
import rich.table

from labkit import visible
from labkit.report import json as json_report
from labkit.report import model, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.lifecycle import context, up


def render(lab: context.Context, result: up.Result) -> Iterator[rich.console.RenderableType]:
    """Yield what is to be printed for people."""
    if result.report:
        yield from text.render(result.report)
    for failure in result.failures:
        yield from _failure(failure)
    failed = {failure.machine for failure in result.failures}
    config = shlex.quote(os.path.relpath(lab.space.ssh_config))
    table = rich.table.Table("machine", "host-only", "log in")
    for machine in lab.lab.machines:
        if machine.name not in failed:
            command = f"ssh -F {config} {machine.name}"
            table.add_row(machine.name, str(machine.hostonly), rich.markup.escape(command))
    yield table
    phases = ", ".join(f"{name} {took:.1f} s" for name, took in lab.progress.phases.items())
    yield f"time: {phases}; in all {sum(lab.progress.phases.values()):.1f} s"
    yield f"changes inside the machines: {result.changes}"
    yield f"logs: {rich.markup.escape(str(lab.space.logs))}"


def _failure(failure: up.Failure) -> Iterator[str]:
    message = rich.markup.escape(visible.lines(failure.error.message))
    yield f"[red]failed[/] {failure.machine}: {message}"
    if failure.error.hint:
        yield f"  hint: {rich.markup.escape(visible.lines(failure.error.hint))}"
    if failure.console:
        yield "  the end of its console:"
        for line in failure.console.splitlines():
            yield f"  | {rich.markup.escape(visible.line(line))}"


def whole(lab: context.Context, result: up.Result) -> model.Report:
    """Return the report with the machines that did not come up among its results."""
    found = result.report or model.Report(lab.lab.name, (), 0.0)
    silent = (
        model.Result(
            each.machine, "answer", "comes up", ok=False,
            actual=f"{each.error.message}\n{each.console}".strip(), repair=each.error.hint,
        )
        for each in result.failures
    )  # fmt: skip
    return dataclasses.replace(found, results=(*found.results, *silent))


def document(lab: context.Context, result: up.Result) -> str:
    """Return the same as one JSON document."""
    return json.dumps(
        {
            "version": json_report.VERSION,
            "ok": result.exit_code == 0,
            "changes": result.changes,
            "started": list(result.started),
            "seconds": lab.progress.phases,
            "failures": [
                {
                    "machine": failure.machine,
                    "message": failure.error.message,
                    "hint": failure.error.hint,
                    "console": failure.console,
                }
                for failure in result.failures
            ],
            "report": json.loads(json_report.render(result.report)) if result.report else None,
        },
        indent=2,
    )
