"""Start machines that exist, for example after the host was rebooted; changes nothing inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors, parallel
from labkit.lifecycle import up
from labkit.providers import base
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.lifecycle import context
    from labkit.plan import model


def start(lab: context.Context, only: Sequence[model.Machine]) -> None:
    """Start machines and wait until each one answers.

    Raises:
        errors.LabError: A machine does not exist, or did not answer.
    """
    states = lab.provider.status()
    for machine in only:
        if states[machine.name] is base.State.ABSENT:
            raise errors.LabError(f"{machine.name} has not been made yet", hint="'lab.up' makes it")
    up.preflight(lab)
    lab.provider.prepare()

    def begin(machine: model.Machine) -> None:
        def narrate(text: str) -> None:
            lab.progress.tell(machine.name, text)

        narrate("booting")
        with sessions.Session(lab.provider.start(machine)) as session:
            up.wait_for_boot(lab, machine, session, narrate)
        narrate("answers")

    with lab.progress.watch():
        found = parallel.each({machine.name: machine for machine in only}, begin)
    parallel.raise_first(found)
