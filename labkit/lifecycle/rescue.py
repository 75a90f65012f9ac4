"""A ledger that is not what labkit wrote: kept aside, and written anew from what exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import workspace
from labkit.providers import base

if TYPE_CHECKING:
    from labkit.lifecycle import context


def rescue(lab: context.Context) -> None:
    """Make the ledger readable, whatever has happened to it; nothing happens to a good one.

    Raises:
        errors.LabError: A newer labkit wrote it, so it is left as it is.
    """
    ledger = lab.space.ledger
    aside = ledger.mend()
    if aside is None:
        return
    lab.progress.say(f"the ledger was damaged: kept as {aside}, written anew from what is there")
    states = lab.provider.status()
    for name in lab.provider.made():
        # Nothing is believed to be verified, and what the plan does not have is ours all the same.
        if states.get(name) is not base.State.ABSENT:
            ledger.set(name, workspace.Mark.MADE)
    for machine in lab.lab.machines:
        for name in lab.provider.snapshots(machine):
            ledger.set_snapshot(name, workspace.SnapshotMark.SAVED)
