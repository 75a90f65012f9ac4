"""`lab.doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich.markup

from labkit import console, errors, visible
from labkit.lifecycle import doctor as doctoring
from labkit.providers import base as providers
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


_COLOURS = {
    providers.Verdict.OK: "green",
    providers.Verdict.FAILED: "red",
    providers.Verdict.CHOICE: "yellow",
    providers.Verdict.UNKNOWN: "yellow",
}
_WIDTH = max(len(verdict.value) for verdict in (providers.Verdict.OK, providers.Verdict.FAILED))


@base.task(fix="do what harms nothing about what is wrong")
def doctor(
    _: invoke.context.Context,
    file: str = "",
    provider: str = "",
    format: str = "",
    fix: bool = False,
) -> None:
    """Try what `up` will need: programs, ports, memory, disk."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    findings = doctoring.fix(opened, opened.progress.say) if fix else doctoring.doctor(opened)
    if as_json:
        console.out.print_json(data=[document(finding) for finding in findings])
    for finding in () if as_json else findings:
        _show(finding)
    if not all(finding.ok for finding in findings):
        base.leave(errors.ExitCode.NO)


def _show(finding: providers.Finding) -> None:
    verdict = finding.verdict
    mark = f"[{_COLOURS[verdict]}]{verdict.value}[/]{' ' * (_WIDTH - len(verdict.value))}"
    name, detail = (
        rich.markup.escape(visible.line(text)) for text in (finding.name, finding.detail)
    )
    console.out.print(f"{mark} {name}: {detail}", soft_wrap=True)
    if finding.hint and verdict is not providers.Verdict.OK:
        console.out.print(f"       hint: {rich.markup.escape(finding.hint)}", soft_wrap=True)


def document(finding: providers.Finding) -> dict[str, object]:
    """Return a finding for programs."""
    return {
        "name": finding.name,
        "ok": finding.ok,
        "verdict": finding.verdict.value,
        "detail": finding.detail,
        "hint": finding.hint,
    }
