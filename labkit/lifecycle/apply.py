"""Make running machines what the lab says; starts none and verifies none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import parallel
from labkit.converge import engine
from labkit.lifecycle import steps as choosing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.lifecycle import context
    from labkit.plan import model


def apply(
    lab: context.Context, only: Sequence[model.Machine], tags: Sequence[str] = ()
) -> dict[str, engine.Outcome | Exception]:
    """Converge machines, all at once; one that fails does not stop the others."""
    steps = parallel.once(lambda: choosing.tagged(lab, only, tags))
    states = lab.provider.status()

    def make(machine: model.Machine) -> engine.Outcome:
        def narrate(text: str) -> None:
            lab.progress.tell(machine.name, text)

        choosing.must_run(lab, machine, states)
        narrate("looking")
        with lab.session(machine) as session:
            session.begin()  # while others log in, the first one fills in what all should be
            outcome = engine.Machine(session, steps()[machine.name], narrate).converge()
        narrate("as wanted")
        return outcome

    with lab.progress.watch():
        done = parallel.each({machine.name: machine for machine in only}, make)
    steps()  # what is wrong with a profile is no machine's fault
    return done
