"""`lab.doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich.markup

from labkit import console, errors, visible
from labkit.lifecycle import doctor as doctoring
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task()
def doctor(_: invoke.context.Context, file: str = "", provider: str = "", format: str = "") -> None:
    """Try what `up` will need: programs, ports, memory, disk."""
    as_json = base.wants_json(format)
    findings = doctoring.doctor(base.open_lab(file, provider))
    if as_json:
        console.out.print_json(data=[vars_of(finding) for finding in findings])
    for finding in () if as_json else findings:
        mark = "[green]ok[/]    " if finding.ok else "[red]failed[/]"
        detail = rich.markup.escape(visible.line(finding.detail))
        console.out.print(f"{mark} {rich.markup.escape(finding.name)}: {detail}", soft_wrap=True)
        if not finding.ok:
            console.out.print(f"       hint: {rich.markup.escape(finding.hint)}", soft_wrap=True)
    if not all(finding.ok for finding in findings):
        base.leave(errors.ExitCode.NO)


def vars_of(item: object) -> dict[str, object]:
    """Return the fields of a slotted dataclass."""
    return {name: getattr(item, name) for name in getattr(item, "__slots__", ())}
