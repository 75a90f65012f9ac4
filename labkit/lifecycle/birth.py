"""What a machine that does not exist yet begins with: something baked, if the provider has it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from labkit import errors
from labkit.images import baked
from labkit.profiles import shared
from labkit.providers import base

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.images import carried
    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.profiles import load


def of(lab: context.Context, machine: model.Machine) -> base.Birth:
    """Return what the machine begins with; the digest says exactly what something baked holds."""
    keeper = lab.provider.keeper
    if keeper is None or os.environ.get("LAB_BAKED", "") in {"0", "no"}:
        return base.Birth()
    try:
        source = keeper.source(machine)
        steps = shared.steps(lab.lab, machine, lab.shelf)
        kept = keeper.find(digest(source, machine, steps))
    except errors.LabError:  # of a kind that is not baked; or filled in for this lab only
        return base.Birth()
    if kept is None:
        return base.Birth()

    def files(known: model.Machine, given: Mapping[str, str]) -> Sequence[carried.File]:
        own = shared.without_secrets(lab.lab, known, lab.keys, lab.shelf)
        return shared.carry(own, given)

    lab.progress.tell(machine.name, f"making it from the image baked with {said(kept.about.baked)}")
    return base.Birth(kept, files)


def digest(source: object, machine: model.Machine, steps: Sequence[load.Step]) -> str:
    """Return the digest of what holds these steps.

    Args:
        source: What the keeper says of the machine's beginning.
        machine: The machine.
        steps: What is the same for everybody.
    """
    given = [(step.kind, step.operation.model_dump(mode="json")) for step in steps]
    return baked.digest(source, machine.disk_gib, given)


def said(profiles: Sequence[str]) -> str:
    """Name profiles in a sentence."""
    return " + ".join(profiles)
