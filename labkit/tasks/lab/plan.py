"""`lab.plan`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labkit import console
from labkit.report import plan as plan_report
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task()
def plan(_: invoke.context.Context, file: str = "", provider: str = "", format: str = "") -> None:
    """Show what would be made; touches nothing."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    if as_json:
        print(json.dumps(plan_report.document(opened.lab, opened.space), indent=2))
        return
    for part in plan_report.tables(opened.lab):
        console.out.print(part)
