"""Make running machines what the lab says; starts none and verifies none."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from labkit.converge import engine
from labkit.lifecycle import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.profiles import load
    from labkit.ssh import session as sessions


def apply(
    lab: context.Context, only: Sequence[model.Machine], tags: Sequence[str] = ()
) -> dict[str, engine.Outcome | Exception]:
    """Converge machines, all at once; one that fails does not stop the others."""

    def make(
        machine: model.Machine, session: sessions.Session, steps: Sequence[load.Step]
    ) -> engine.Outcome:
        narrate = functools.partial(lab.progress.tell, machine.name)
        outcome = engine.Machine(session, steps, narrate).converge()
        narrate("as wanted")
        return outcome

    return inside.each(lab, only, tags, make)
