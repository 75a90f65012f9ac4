"""`lab.start`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.lifecycle import start as starting
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(iterable=("only",))
def start(_: invoke.context.Context, only: list[str], file: str = "", provider: str = "") -> None:
    """Start machines that exist, for example after the host was rebooted."""
    base.on_machines(starting.start, "lab.start", only, file, provider)
