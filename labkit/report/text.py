"""A report as a table for people: a row a check, a column a machine, then what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich.console
import rich.markup
import rich.table

from labkit import console, visible, wording
from labkit.report import excerpt, model, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINES = 12
"""Differing lines of a file that a failure shows."""


def render(report: model.Report) -> Iterator[rich.console.RenderableType]:
    """Yield what is to be printed."""
    machines = sorted({result.machine for result in report.results})
    checks = list(dict.fromkeys(result.check for result in report.results))
    title = f"lab {_safe(report.lab)}"
    table = rich.table.Table("check", *map(_safe, machines), title=title, title_justify="left")
    for check in checks:
        table.add_row(_safe(check), *(_cell(report, check, machine) for machine in machines))
    yield table
    rebooted = any(each.after is not None for each in report.settings)
    shown = [each for each in report.settings if rebooted or not each.ok]
    if shown:
        yield settings.table(shown)
    for result in report.failures:
        yield _failure(result)
    if report.see:
        yield console.wording(report.see)
    yield from _repairs(report.repairs)
    fixable = sum(each.fixable for each in report.failures)
    if fixable:
        yield console.wording(f"'lab.verify --fix' repairs {fixable} of {len(report.failures)}")
    if report.incomplete:
        yield f"[red]not everything was looked at:[/] {_safe(report.incomplete)}"
    failed = len(report.failures)
    counted = f"{len(report.results)} looked at in {report.seconds:.1f} s"
    verdict = f"[red]{failed} failed[/]" if failed else "[green]all as it should be[/]"
    yield f"{counted}: {verdict}"
    if report.skipped:
        names = ", ".join(map(_safe, report.skipped))
        yield console.wording(f"left out this time: {names} ('lab.verify' looks at all)")


def _repairs(repairs: tuple[model.Repair, ...]) -> Iterator[str]:
    for each in repairs:
        both = (each.before, each.after)
        long = any("\n" in said.strip() for said in both)
        values = "" if long else f": {_safe(each.before) or '(nothing)'} -> {_safe(each.after)}"
        yield f"[green]repaired[/] {_safe(each.machine)}: {_safe(each.subject)}{values}"


def _cell(report: model.Report, check: str, machine: str) -> str:
    found = [each for each in report.results if (each.check, each.machine) == (check, machine)]
    if not found:
        return ""
    failed = sum(not each.ok for each in found)
    return f"[red]{failed} of {len(found)} failed[/]" if failed else f"[green]ok[/] {len(found)}"


def _failure(result: model.Result) -> str:
    when = f" {_safe(result.when)}" if result.when else ""
    lines = [f"[red]failed[/] {_safe(result.machine)}{when}: {_safe(result.subject)}"]
    lines += _difference(result)
    told = {"see:     ": result.by_hand, "repair:  ": result.repair}
    lines += (f"  {word} {_safe(wording.command(said))}" for word, said in told.items() if said)
    return "\n".join(lines)


def _difference(result: model.Result) -> list[str]:
    """Show two texts by the lines in which they differ, and anything shorter as it is."""
    lines = excerpt.differing(result.actual, result.expected, context=0)
    if lines is not None:
        words = {"-": "there:   ", "+": "expected:"}
        shown = [f"  {words[mark]} {_safe(line)}" for mark, line in lines if mark in words]
        return shown[:_LINES] + ["  ..."] * (len(shown) > _LINES)
    expected = [f"  expected: {_safe(result.expected)}"] if result.expected else []
    return [*expected, f"  actual:   {_safe(result.actual) or '(nothing)'}"]


def _safe(text: str) -> str:
    return rich.markup.escape(visible.line(text))
