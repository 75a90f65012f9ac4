"""Start machines that exist, for example after the host was rebooted; changes nothing inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors, parallel
from labkit.lifecycle import snapshot, up
from labkit.providers import base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.lifecycle import context
    from labkit.plan import model


def start(lab: context.Context, only: Sequence[model.Machine]) -> None:
    """Start machines and wait until each one answers.

    Raises:
        errors.LabError: A machine does not exist, or did not answer.
    """
    lab.provider.mend()
    snapshot.repair(lab)
    states = lab.provider.status()
    for machine in only:
        if states[machine.name] is base.State.ABSENT:
            raise errors.LabError(f"{machine.name} has not been made yet", hint="'lab.up' makes it")
    up.preflight(lab)
    lab.provider.prepare()

    def begin(machine: model.Machine) -> None:
        def narrate(text: str) -> None:
            lab.progress.tell(machine.name, text)

        narrate({base.State.RUNNING: "looking"}.get(states[machine.name], "booting"))
        lab.provider.start(machine)
        with lab.session(machine) as session:
            up.wait_for_boot(lab, machine, session, narrate)
        narrate("answers")

    at_once = lab.provider.at_once()
    booting = [machine for machine in only if states[machine.name] is not base.State.RUNNING]
    with lab.progress.watch():
        for machine in booting[at_once:]:
            lab.progress.tell(machine.name, "waiting until another machine has come up")
        found = parallel.each({each.name: each for each in only}, begin, at_once=at_once)
    parallel.raise_first(found)
