"""Look inside running machines: what is not as the lab says, and what would make it so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import parallel
from labkit.converge import engine
from labkit.lifecycle import steps as choosing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.converge import look as looks
    from labkit.lifecycle import context
    from labkit.plan import model

Found = dict[str, "tuple[looks.Look, ...] | Exception"]
"""What each machine showed, or why it showed nothing."""


def look(lab: context.Context, only: Sequence[model.Machine], tags: Sequence[str] = ()) -> Found:
    """Look at the steps of machines, all at once and in one round trip each; changes nothing."""
    steps = parallel.once(lambda: choosing.tagged(lab, only, tags))
    states = lab.provider.status()

    def see(machine: model.Machine) -> tuple[looks.Look, ...]:
        choosing.must_run(lab, machine, states)
        lab.progress.tell(machine.name, "looking")
        with lab.session(machine) as session:
            session.begin()  # as in apply
            return engine.Machine(session, steps()[machine.name]).look()

    with lab.progress.watch():
        found = parallel.each({machine.name: machine for machine in only}, see)
    steps()  # what is wrong with a profile is no machine's fault
    return found


def drifted(found: Found) -> bool:
    """Say whether a machine that answered is not as wanted."""
    answered = [seen for seen in found.values() if not isinstance(seen, Exception)]
    return not all(each.ok for seen in answered for each in seen)
