"""Look inside running machines: what is not as the lab says, and what would make it so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.converge import engine
from labkit.lifecycle import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.converge import look as looks
    from labkit.lifecycle import context
    from labkit.plan import model

Found = dict[str, "tuple[looks.Look, ...] | Exception"]
"""What each machine showed, or why it showed nothing."""


def look(lab: context.Context, only: Sequence[model.Machine], tags: Sequence[str] = ()) -> Found:
    """Look at the steps of machines, all at once and in one round trip each; changes nothing."""
    return inside.each(
        lab, only, tags, lambda _, session, steps: engine.Machine(session, steps).look()
    )


def drifted(found: Found) -> bool:
    """Say whether a machine that answered is not as wanted."""
    answered = [seen for seen in found.values() if not isinstance(seen, Exception)]
    return not all(each.ok for seen in answered for each in seen)
