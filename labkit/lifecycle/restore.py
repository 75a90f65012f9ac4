"""Go back to a snapshot: all machines, to the same moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import parallel, workspace
from labkit.lifecycle import clock, groups, snapshot, up

if TYPE_CHECKING:
    from labkit.lifecycle import context
    from labkit.plan import model


def restore(lab: context.Context, name: str) -> None:
    """Bring all machines back: those that ran go on from that moment, the others are off.

    Raises:
        errors.LabError: There is no such snapshot, it is not of all machines, or one could not be
            brought back.
        errors.UnreachableError: All are back, but one does not answer, so that its clock is wrong.
    """
    snapshot.repair(lab)
    group = snapshot.choose(lab, name)
    bring_back(lab, group)
    running = [each for each in lab.lab.machines if group.machines[each.name].running]
    sessions = [lab.session(machine) for machine in running]
    with lab.progress.watch():
        found = clock.reach(sessions, lab.progress.tell)
    for session in sessions:
        session.close()
    parallel.raise_first(found)


def bring_back(lab: context.Context, group: groups.Group) -> None:
    """Bring all machines back; their clocks still show that moment.

    Raises:
        errors.LabError: The snapshot is not of all machines, and nothing was done; or a machine
            could not be brought back.
    """
    error = groups.missing(group, (each.name for each in lab.lab.machines), lab.lab.name)
    if error:
        raise error
    up.preflight(lab)
    lab.provider.prepare()
    ledger = lab.space.ledger
    for machine in lab.lab.machines:
        ledger.set(machine.name, workspace.Mark.MADE)  # it is no longer what was verified
    ledger.set_snapshot(group.tag, workspace.SnapshotMark.RESTORING)

    def bring(machine: model.Machine) -> None:
        lab.progress.tell(machine.name, "going back")
        lab.provider.restore(machine, group.tag)

    with lab.progress.watch():
        try:
            snapshot.each(lab, bring)
        finally:
            snapshot.each(lab, lab.provider.resume)
    ledger.set_snapshot(group.tag, workspace.SnapshotMark.SAVED)
