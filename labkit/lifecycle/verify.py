"""Verify a running lab; changes nothing, but with a reboot or repairs when asked for them."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from labkit import errors, parallel
from labkit.converge import engine
from labkit.lifecycle import snapshot
from labkit.report import draft as drafts
from labkit.report import model as reports
from labkit.verify import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from labkit.lifecycle import context
    from labkit.plan import model

_AFTER = "after reboot"


def verify(
    lab: context.Context,
    only: Sequence[model.Machine],
    *,
    reboot: bool = False,
    fix: bool = False,
    draft: drafts.Draft | None = None,
) -> reports.Report:
    """Look at machines, all at once, and return what was found.

    Args:
        lab: The lab.
        only: The machines to look at.
        reboot: Look, reboot each of them, and look again.
        fix: Make right what labkit can make right, and look again; before the reboot.
        draft: Holds what was found so far at every moment, for a run that is cut short.
    """
    subjects = [run.Subject(machine, lab.steps(machine), lab.session(machine)) for machine in only]
    drafted = draft or drafts.Draft()
    look = functools.partial(run.verify, lab.lab, narrate=lab.progress.tell, draft=drafted)
    snapshot.repair(lab)
    try:
        report = look(subjects)
        wrong = {each.machine for each in report.failures if each.fixable} if fix else set[str]()
        if wrong:
            drafted.forget()
            unfixed = _fix(lab, [each for each in subjects if each.machine.name in wrong], drafted)
            again = look(subjects)
            report = dataclasses.replace(
                again,
                results=(*again.results, *unfixed),
                seconds=report.seconds + again.seconds,
                repairs=_held(drafted.repairs, again),
            )
        if reboot:
            snapshot.before_reboot(lab)
            silent = _reboot(lab, subjects)
            awake = [each for each in subjects if each.machine.name not in silent]
            report = _joined(report, look(awake, when=_AFTER), silent)
        snapshot.keep(lab, report, subjects)
    finally:
        for subject in subjects:
            subject.session.close()
    return report


def _fix(
    lab: context.Context, subjects: Sequence[run.Subject], draft: drafts.Draft
) -> tuple[reports.Result, ...]:
    """Make machines what their steps say; note what was changed, and return what could not be.

    All steps of a machine are gone through: one that is wrong may hinder another one.
    """

    def make(subject: run.Subject) -> None:
        name = subject.machine.name
        machine = engine.Machine(subject.session, subject.steps, _telling(lab, name))
        try:
            machine.converge()
        finally:
            done[name] = tuple(_repairs(name, machine.outcome))

    done: dict[str, tuple[reports.Repair, ...]] = {}
    try:
        with lab.progress.phase("fix"):
            found = parallel.each({each.machine.name: each for each in subjects}, make)
    finally:  # also when the run is cut short
        draft.repairs = tuple(each for name in list(done) for each in done[name])
    unfixed: list[reports.Result] = []
    for name, error in found.items():
        if isinstance(error, errors.LabError):
            said = reports.Result(
                name, "fix", "can be repaired", ok=False, actual=error.message, repair=error.hint,
                by_hand=f"'lab.drift --only {name}'",
            )  # fmt: skip
            unfixed.append(said)
        elif error is not None:
            raise error
    return tuple(unfixed)


def _held(repairs: Sequence[reports.Repair], report: reports.Report) -> tuple[reports.Repair, ...]:
    """Return what holds, each thing once: a change may have been tried and not have held."""
    wrong = {(each.machine, each.check, each.subject) for each in report.failures}
    return tuple(
        each
        for each in dict.fromkeys(repairs)
        if (each.machine, each.check, each.subject) not in wrong
    )


def _repairs(name: str, outcome: engine.Outcome) -> Iterator[reports.Repair]:
    for look in outcome.changes:
        for change in look.changes:
            yield reports.Repair(name, look.step.kind, change.subject, change.before, change.after)


def _telling(lab: context.Context, name: str) -> Callable[[str], None]:
    return functools.partial(lab.progress.tell, name)


def _reboot(lab: context.Context, subjects: Sequence[run.Subject]) -> dict[str, errors.LabError]:
    """Reboot machines; return those that did not come back."""

    def reboot(subject: run.Subject) -> None:
        tell = _telling(lab, subject.machine.name)
        engine.Machine(subject.session, subject.steps, tell).reboot()

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
    gone = (run.silent(name, error, _AFTER) for name, error in silent.items())
    now = {(each.machine, each.subject): each.runtime for each in after.settings}
    settings = tuple(
        dataclasses.replace(each, after=now.get((each.machine, each.subject), ""))
        for each in before.settings
    )
    return dataclasses.replace(
        before,
        results=(*before.results, *after.results, *gone),
        seconds=before.seconds + after.seconds,
        settings=settings,
    )
