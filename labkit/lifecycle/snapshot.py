"""Snapshots of a whole lab: all machines at one moment, all of them or none.

While machines are saved they are held. A run that is killed leaves marks in the ledger; the next
run lets the machines go on and removes what is not whole.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from labkit import console, errors, parallel, workspace
from labkit.lifecycle import clock, groups
from labkit.providers import base
from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.report import model as reports
    from labkit.verify import run

_Mark = workspace.SnapshotMark


def look(lab: context.Context) -> dict[str, groups.Group]:
    """Return the lab's snapshots by name, the oldest first."""
    return groups.whole(_found(lab), lab.space.ledger.snapshots())


def choose(lab: context.Context, name: str) -> groups.Group:
    """Return a snapshot of a person.

    Raises:
        errors.LabError: There is none of that name.
    """
    groups.check(name)
    known = look(lab)
    known.pop(groups.VERIFIED, None)
    if name not in known:
        none = "it has none; 'lab.snapshot save NAME' makes one"
        raise errors.LabError(
            f"lab '{lab.lab.name}' has no snapshot '{name}'",
            hint=words.nearest(name, known, otherwise="its snapshots are:") if known else none,
        )
    return known[name]


def save(lab: context.Context, name: str) -> None:
    """Save all machines as they are: those that run with their memory, the others' disks.

    Raises:
        errors.LabError: There is a snapshot of that name, or a machine could not be saved; then
            nothing of it is left, and all machines go on.
    """
    groups.check(name)
    repair(lab)
    states = lab.provider.status()
    absent = [each for each, state in states.items() if state is base.State.ABSENT]
    if absent:
        who = words.one_of(absent, "and")
        one = f"{who} has" if len(absent) == 1 else f"{who} have"
        raise errors.LabError(f"{one} not been made yet", hint="'lab.up' makes what is missing")
    if name in look(lab):
        raise errors.LabError(
            f"lab '{lab.lab.name}' has a snapshot '{name}' already",
            hint=f"choose another name, or remove it with 'lab.snapshot delete {name}'",
        )
    with lab.progress.watch():
        _save(lab, name)
        running = [each for each in lab.lab.machines if states[each.name] is base.State.RUNNING]
        sessions = [lab.session(machine) for machine in running]
        for machine, error in clock.reach(sessions, lab.progress.tell).items():
            if error:
                lab.progress.tell(machine, f"its clock lags behind: {error}")
        for session in sessions:
            session.close()


def delete(lab: context.Context, name: str) -> None:
    """Remove a snapshot from all machines.

    Raises:
        errors.LabError: There is none of that name.
    """
    repair(lab)
    _discard(lab, choose(lab, name).tag)


def keep(lab: context.Context, report: reports.Report, subjects: Sequence[run.Subject]) -> None:
    """Save the state that a full verify of the whole lab has found good, for 'lab.reset'.

    The state that was kept before goes when the new one is whole. A failure is told, not raised:
    the lab is good all the same.
    """
    verified = {subject.machine.name for subject in subjects}
    if not report.ok or report.skipped or verified != {each.name for each in lab.lab.machines}:
        return
    with lab.progress.phase("keep"):
        try:
            tags = {tag for saved in _found(lab).values() for tag in saved}
            _save(lab, groups.next_verified(tags))
            for old in filter(groups.number, tags):
                _discard(lab, old)
        except errors.LabError as error:
            lab.progress.say(console.wording(f"'lab.reset' will not come back here: {error}"))
        opened = {subject.machine.name: subject.session for subject in subjects}
        for machine, error in parallel.each(opened, clock.correct).items():
            if error:
                lab.progress.tell(machine, f"its clock lags behind: {error}")


def before_reboot(lab: context.Context) -> None:
    """Save the lab as it is before a reboot, in the place of the last time's.

    A failure is told, not raised: what cannot be saved can be rebooted all the same.
    """
    with lab.progress.phase("save"):
        try:
            if groups.BEFORE in look(lab):
                _discard(lab, groups.BEFORE)
            _save(lab, groups.BEFORE)  # the clocks are set by the reboot
        except errors.LabError as error:
            lab.progress.say(f"there is no snapshot from before the reboot: {error}")


def repair(lab: context.Context) -> None:
    """Mend what a killed run left: machines that are held go on, what is not whole goes."""
    broken = {
        tag: mark for tag, mark in lab.space.ledger.snapshots().items() if mark is not _Mark.SAVED
    }
    if not broken:
        return
    each(lab, lab.provider.resume)
    for tag, mark in broken.items():
        name = groups.shown(tag)
        if mark is _Mark.RESTORING:
            lab.progress.say(f"going back to snapshot '{name}' was cut short: do it again")
            lab.space.ledger.set_snapshot(tag, _Mark.SAVED)
        else:
            lab.progress.say(f"removing what a killed run left of snapshot '{name}'")
            _discard(lab, tag)


@contextlib.contextmanager
def hold(lab: context.Context) -> Generator[None]:
    """Hold all machines while something is done to them; they go on whatever happens."""
    try:
        each(lab, lab.provider.pause)
        yield
    finally:
        each(lab, lab.provider.resume)


def each(lab: context.Context, do: Callable[[model.Machine], None]) -> None:
    """Do something to all machines at once.

    Raises:
        errors.LabError: The first one of them that could not; the others have been tried too.
    """
    parallel.raise_first(parallel.each({one.name: one for one in lab.lab.machines}, do))


def _save(lab: context.Context, tag: str) -> None:
    ledger = lab.space.ledger

    def save_one(machine: model.Machine) -> None:
        lab.progress.tell(machine.name, "saving")
        lab.provider.save(machine, tag)

    ledger.set_snapshot(tag, _Mark.SAVING)
    try:
        with hold(lab):
            each(lab, save_one)
    except BaseException:
        with contextlib.suppress(errors.LabError):  # the mark stays, and the next run tries again
            _discard(lab, tag)
        raise
    ledger.set_snapshot(tag, _Mark.SAVED)


def _discard(lab: context.Context, tag: str) -> None:
    lab.space.ledger.set_snapshot(tag, _Mark.REMOVING)
    each(lab, lambda machine: lab.provider.discard(machine, tag))
    lab.space.ledger.set_snapshot(tag, None)


def _found(lab: context.Context) -> Mapping[str, Mapping[str, base.Snapshot]]:
    machines = {machine.name: machine for machine in lab.lab.machines}
    found = parallel.each(machines, lab.provider.snapshots)
    parallel.raise_first(found)
    return {name: saved for name, saved in found.items() if not isinstance(saved, Exception)}
