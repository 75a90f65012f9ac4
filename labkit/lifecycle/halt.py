"""Shut machines down; their disks stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import parallel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.lifecycle import context
    from labkit.plan import model


def halt(lab: context.Context, only: Sequence[model.Machine]) -> None:
    """Shut machines down, all at once.

    Raises:
        errors.LabError: The first machine that could not be.
    """

    def stop(machine: model.Machine) -> None:
        lab.progress.tell(machine.name, "shutting down")
        lab.provider.stop(machine)
        lab.progress.tell(machine.name, "off")

    with lab.progress.watch():
        found = parallel.each({machine.name: machine for machine in only}, stop)
    parallel.raise_first(found)
