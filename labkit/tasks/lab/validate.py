"""`lab.validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task()
def validate(_: invoke.context.Context, file: str = "") -> None:
    """Check lab.yml; says every problem with its line and column."""
    lab = base.open_lab(file).lab
    console.out.print(f"lab '{lab.name}' is valid: {len(lab.machines)} machines")
