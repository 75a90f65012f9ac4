"""What `apply` and `look` share: work inside running machines, on the steps that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from labkit import errors, parallel
from labkit.providers import base
from labkit.spec import words
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.profiles import load

Done = TypeVar("Done")


def each(
    lab: context.Context,
    only: Sequence[model.Machine],
    tags: Sequence[str],
    do: Callable[[model.Machine, sessions.Session, Sequence[load.Step]], Done],
) -> dict[str, Done | Exception]:
    """Log in to machines, all at once, and do something there; one that fails stops no other.

    Args:
        lab: The lab.
        only: The machines.
        tags: Only steps with one of these; none: all steps.
        do: Called with each machine that runs, its session and its steps.

    Raises:
        errors.LabError: A profile is wrong, or no step of these machines has one of the tags.
    """
    steps = parallel.once(lambda: _tagged(lab, only, tags))
    states = lab.provider.status()

    def prepare() -> None:
        """Fill in what all machines should be, while the machines do their part of the log-in."""
        sessions.ready()
        steps()

    def work(machine: model.Machine) -> Done:
        _must_run(lab, machine, states)
        lab.progress.tell(machine.name, "looking")
        with lab.session(machine) as session:
            session.begin()
            return do(machine, session, steps()[machine.name])

    with lab.progress.watch():
        items = {machine.name: machine for machine in only}
        done = parallel.each(items, work, meanwhile=prepare)
    steps()  # what is wrong with a profile is no machine's fault
    return done


def _tagged(
    lab: context.Context, only: Sequence[model.Machine], tags: Sequence[str]
) -> Mapping[str, tuple[load.Step, ...]]:
    """Return each machine's steps that have one of the tags, or all when there are no tags.

    Raises:
        errors.LabError: No step of these machines has a tag that was asked for.
    """
    every = {machine.name: lab.steps(machine) for machine in only}
    known = {tag for steps in every.values() for step in steps for tag in step.tags}
    for tag in tags:
        if tag not in known:
            raise errors.LabError(
                f"no step of these machines has the tag {words.show(tag)}",
                hint=words.nearest(tag, known, otherwise="tags are:"),
            )
    wanted = set(tags)
    return {
        name: tuple(step for step in steps if not wanted or wanted.intersection(step.tags))
        for name, steps in every.items()
    }


def _must_run(
    lab: context.Context, machine: model.Machine, states: Mapping[str, base.State]
) -> None:
    """Complain at once about a machine that is off, instead of waiting for its SSH.

    Raises:
        errors.UnreachableError: It does not run.
    """
    state = states[machine.name]
    if state is not base.State.RUNNING:
        raise errors.UnreachableError(
            f"{machine.name} of lab '{lab.lab.name}' is {state.value}",
            hint=f"'lab.up --only {machine.name}' brings it up",
        )
