"""From a plan to verified machines. What is there already is kept; what is missing is made."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors, parallel, workspace
from labkit.converge import engine
from labkit.lifecycle import render, snapshot
from labkit.providers import base
from labkit.ssh import session as sessions
from labkit.verify import run as verify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.profiles import load
    from labkit.report import model as reports

_BOOT = 600.0
"""Seconds that a machine has to answer; four emulated ones on two loaded cores took 245."""


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """A machine that did not come up, what its console last showed, and why."""

    machine: str
    error: errors.LabError
    console: str


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """What `up` came to."""

    report: reports.Report | None
    """None when no machine came up."""
    failures: tuple[Failure, ...]
    changes: int
    """Changes made inside machines."""
    started: tuple[str, ...]
    """Machines that were not running before."""

    @property
    def exit_code(self) -> errors.ExitCode:
        """The first failure's code, else whether verify found all well."""
        if self.failures:
            return self.failures[0].error.exit_code
        good = self.report is not None and self.report.ok
        return errors.ExitCode.YES if good else errors.ExitCode.NO


@dataclasses.dataclass(frozen=True, slots=True)
class _Brought:
    """A machine that is up and as wanted."""

    subject: verify.Subject
    outcome: engine.Outcome


def up(lab: context.Context, only: Sequence[model.Machine]) -> Result:
    """Bring machines up, make them what their steps say, and verify them.

    Raises:
        errors.LabError: Something that all machines need is not there; nothing was made.
    """
    steps = {machine.name: lab.steps(machine) for machine in only}
    render.render(lab)
    lab.provider.mend()
    snapshot.repair(lab)
    with lab.progress.phase("prepare"):
        preflight(lab)
        lab.provider.prepare()
        render.render_ssh_config(lab)
    _mention_strangers(lab)
    before = lab.provider.status()
    if _is_trusted(lab, before, only):
        report = _still_good(lab, only, steps)
        if report.ok:
            return Result(report, (), 0, ())
    with lab.progress.phase("boot and configure"), lab.progress.watch():
        _mention_queue(lab, only, before)
        found = parallel.each(
            {machine.name: machine for machine in only},
            lambda machine: _bring(lab, machine, steps[machine.name], before[machine.name]),
            at_once=lab.provider.at_once(),
        )
    brought, failures = _sort(lab, found)
    changes = sum(len(each.outcome.changes) for each in brought)
    report = None
    if brought:
        with lab.progress.phase("verify"), lab.progress.watch():
            report = verify.verify(
                lab.lab, [each.subject for each in brought], narrate=lab.progress.tell
            )
        # Marked last: a run that ends before that leaves a lab that the next one looks at wholly.
        snapshot.keep(lab, report, [each.subject for each in brought])
        _remember(lab, report)
    for each in brought:
        each.subject.session.close()
    running = base.State.RUNNING
    started = tuple(each.name for each in only if before[each.name] is not running)
    return Result(report, failures, changes, started)


def _mention_strangers(lab: context.Context) -> None:
    planned = {machine.name for machine in lab.lab.machines}
    for name in lab.provider.made():
        if name not in planned:
            lab.progress.say(f"{name} is no longer in lab.yml, but still there: left as it is")


def _mention_queue(
    lab: context.Context, only: Sequence[model.Machine], before: Mapping[str, base.State]
) -> None:
    booting = [each for each in only if before[each.name] is not base.State.RUNNING]
    for machine in booting[lab.provider.at_once() :]:
        lab.progress.tell(machine.name, "waiting until another machine has come up")


def preflight(lab: context.Context) -> None:
    """Refuse to begin what cannot end well.

    Raises:
        errors.LabError: Says everything that is in the way.
    """
    wrong = [finding for finding in lab.provider.preflight() if not finding.ok]
    if wrong:
        raise errors.LabError(
            "; ".join(f"{finding.name}: {finding.detail}" for finding in wrong),
            hint="; ".join(dict.fromkeys(finding.hint for finding in wrong)),
        )


def wait_for_boot(
    lab: context.Context,
    machine: model.Machine,
    session: sessions.Session,
    narrate: Callable[[str], None],
) -> None:
    """Wait until a machine that was started answers.

    Raises:
        errors.LabError: It did not in time, or has ended by itself.
    """
    sessions.wait(
        session, timeout=_BOOT, narrate=narrate, alive=lambda: lab.provider.alive(machine)
    )


def _bring(
    lab: context.Context,
    machine: model.Machine,
    steps: Sequence[load.Step],
    before: base.State,
) -> _Brought:
    def narrate(text: str) -> None:
        lab.progress.tell(machine.name, text)

    narrate({base.State.RUNNING: "looking"}.get(before, "booting"))
    known = lab.provider.known(machine)
    lab.provider.start(machine)
    if lab.provider.known(machine) != known:
        steps = lab.steps(machine)  # only now is known what its cards are told apart by
    session = lab.session(machine)
    try:
        wait_for_boot(lab, machine, session, narrate)
        if before is not base.State.RUNNING:
            narrate("configuring")
        outcome = engine.Machine(session, steps, narrate).converge()
    except BaseException:
        session.close()
        raise
    count = sum(len(each.changes) for each in outcome.changes)
    narrate(f"as wanted after {count} changes" if count else "as wanted already")
    return _Brought(verify.Subject(machine, steps, session, converged=True), outcome)


def _sort(
    lab: context.Context, found: Mapping[str, _Brought | Exception]
) -> tuple[list[_Brought], tuple[Failure, ...]]:
    brought: list[_Brought] = []
    failures: list[Failure] = []
    for name, each in found.items():
        match each:
            case _Brought():
                brought.append(each)
            case errors.LabError():
                tail = lab.provider.console_tail(lab.lab.machine(name))
                failures.append(Failure(name, each, tail))
                lab.progress.tell(name, f"failed: {each.message}")
            case _:
                raise each
    return brought, tuple(failures)


def _is_trusted(
    lab: context.Context, before: Mapping[str, base.State], only: Sequence[model.Machine]
) -> bool:
    """Whether each of the machines has run since it was verified."""
    marks = lab.space.ledger.machines()
    return all(
        before[each.name] is base.State.RUNNING and marks.get(each.name) is workspace.Mark.VERIFIED
        for each in only
    )


def _still_good(
    lab: context.Context, only: Sequence[model.Machine], steps: Mapping[str, Sequence[load.Step]]
) -> reports.Report:
    """Look at a lab that was verified before, in one round trip a machine; changes nothing."""
    for each in only:
        lab.provider.start(each)  # it runs; this refuses one with other hardware than lab.yml's
    subjects = [verify.Subject(each, steps[each.name], lab.session(each)) for each in only]
    try:
        with lab.progress.phase("look"), lab.progress.watch():
            return verify.verify(lab.lab, subjects, narrate=lab.progress.tell, quick=True)
    finally:
        for subject in subjects:
            subject.session.close()


def _remember(lab: context.Context, report: reports.Report) -> None:
    ledger = lab.space.ledger
    for name in {result.machine for result in report.results}:
        bad = any(not result.ok for result in report.results if result.machine == name)
        ledger.set(name, workspace.Mark.MADE if bad else workspace.Mark.VERIFIED)
