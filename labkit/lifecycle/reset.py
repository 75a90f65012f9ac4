"""Go back to the state right after the last good verify, and look whether it is good still."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors, workspace
from labkit.lifecycle import clock, groups, restore, snapshot
from labkit.verify import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.lifecycle import context
    from labkit.profiles import load
    from labkit.report import model as reports
    from labkit.ssh import session as sessions

# Memory and disk are, bit for bit, what was verified. What is left to look at is what no snapshot
# holds: the time, and the ways between the machines, to the SSH port of each. To look at all the
# rest on emulated machines would take longer than everything else that a reset does.
_STEPS = frozenset({"clock"})
_CHECKS = frozenset({"reach"})


def reset(lab: context.Context) -> reports.Report:
    """Bring all machines back, set their clocks, and verify what a snapshot does not hold.

    Raises:
        errors.LabError: There is no such state, or a machine could not be brought back to it.
    """
    snapshot.repair(lab)
    group = snapshot.look(lab).get(groups.VERIFIED)
    if group is None:
        raise errors.LabError(
            f"lab '{lab.lab.name}' has no verified state to go back to",
            hint="'lab.verify' keeps one when all of the lab is as it should be",
        )
    tell = lab.progress.tell

    def wake(session: sessions.Session) -> str:
        clock.wait(session, tell)
        return clock.command()

    steps = {machine.name: lab.steps(machine) for machine in lab.lab.machines}
    subjects = [
        run.Subject(machine, _loose(steps[machine.name]), lab.session(machine))
        for machine in lab.lab.machines
    ]
    try:
        with lab.progress.phase("restore"):
            restore.bring_back(lab, group)
        with lab.progress.phase("look"), lab.progress.watch():
            report = run.verify(
                lab.lab, subjects, narrate=tell, quick=True, only=_CHECKS, first=wake
            )
    finally:
        for subject in subjects:
            subject.session.close()
    if report.ok:
        for machine in lab.lab.machines:
            lab.space.ledger.set(machine.name, workspace.Mark.VERIFIED)
    skipped = {step.kind for each in steps.values() for step in each} - _STEPS
    return dataclasses.replace(report, skipped=tuple(sorted({*report.skipped, *skipped})))


def _loose(steps: Sequence[load.Step]) -> tuple[load.Step, ...]:
    return tuple(step for step in steps if step.kind in _STEPS)
