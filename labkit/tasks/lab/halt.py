"""`lab.halt`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.lifecycle import halt as halting
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(iterable=("only",))
def halt(_: invoke.context.Context, only: list[str], file: str = "", provider: str = "") -> None:
    """Shut machines down; their disks stay."""
    base.on_machines(halting.halt, "lab.halt", only, file, provider)
