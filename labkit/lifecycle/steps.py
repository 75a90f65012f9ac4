"""Which steps of which machines a verb works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers import base
from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.profiles import load


def tagged(
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


def must_run(
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
