"""Verify a running lab; changes nothing, but with a reboot when asked for one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors, parallel
from labkit.converge import engine
from labkit.lifecycle import snapshot
from labkit.report import model as reports
from labkit.verify import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.lifecycle import context
    from labkit.plan import model

_AFTER = "after reboot"


def verify(
    lab: context.Context, only: Sequence[model.Machine], *, reboot: bool = False
) -> reports.Report:
    """Look at machines, all at once, and return what was found.

    Args:
        lab: The lab.
        only: The machines to look at.
        reboot: Look, reboot each of them, and look again.
    """
    subjects = [run.Subject(machine, lab.steps(machine), lab.session(machine)) for machine in only]
    snapshot.repair(lab)
    try:
        report = run.verify(lab.lab, subjects, narrate=lab.progress.tell)
        if reboot:
            silent = _reboot(lab, subjects)
            awake = [each for each in subjects if each.machine.name not in silent]
            after = run.verify(lab.lab, awake, narrate=lab.progress.tell)
            report = _joined(report, after, silent)
        snapshot.keep(lab, report, subjects)
    finally:
        for subject in subjects:
            subject.session.close()
    return report


def _reboot(lab: context.Context, subjects: Sequence[run.Subject]) -> dict[str, errors.LabError]:
    """Reboot machines; return those that did not come back."""

    def reboot(subject: run.Subject) -> None:
        def narrate(text: str) -> None:
            lab.progress.tell(subject.machine.name, text)

        engine.Machine(subject.session, subject.steps, narrate).reboot()

    at_once = lab.provider.at_once()
    items = {each.machine.name: each for each in subjects}
    failed: dict[str, errors.LabError] = {}
    for name, error in parallel.each(items, reboot, at_once=at_once).items():
        if isinstance(error, errors.LabError):
            failed[name] = error
        elif error is not None:
            raise error
    return failed


def _joined(
    before: reports.Report, after: reports.Report, silent: dict[str, errors.LabError]
) -> reports.Report:
    """Join two looks: all that the second one saw, and a third value for each setting."""
    later = [dataclasses.replace(result, when=_AFTER) for result in after.results]
    later += (
        reports.Result(
            name, "answer", "answers", ok=False, actual=error.message, hint=error.hint, when=_AFTER
        )
        for name, error in silent.items()
    )
    now = {(each.machine, each.subject): each.runtime for each in after.settings}
    settings = tuple(
        dataclasses.replace(each, after=now.get((each.machine, each.subject), ""))
        for each in before.settings
    )
    return reports.Report(
        before.lab,
        (*before.results, *later),
        before.seconds + after.seconds,
        before.skipped,
        settings,
    )
