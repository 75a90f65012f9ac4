"""What a machine that does not exist yet begins with: a baked image, if the cache has the one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from labkit import errors
from labkit.images import baked, catalog, store
from labkit.profiles import shared
from labkit.providers import base

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.images import carried
    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.profiles import load


def of(lab: context.Context, machine: model.Machine) -> base.Birth:
    """Return what the machine begins with; the digest says exactly what an image holds."""
    if os.environ.get("LAB_BAKED", "") in {"0", "no"}:
        return base.Birth()
    recipe = catalog.get(machine.image, folder=lab.folder)
    if not isinstance(recipe, catalog.DebianRecipe):
        return base.Birth()
    try:
        steps = shared.steps(lab.lab, machine, lab.shelf)
    except errors.LabError:  # filled in for this lab only, so it was never baked
        return base.Birth()
    image = store.of_digest(digest(machine, recipe, steps))
    if image is None:
        return base.Birth()
    own = shared.without_secrets(lab.lab, machine, lab.keys, lab.shelf)

    def files(given: Mapping[str, str]) -> Sequence[carried.File]:
        return shared.carry(own, given)

    lab.progress.tell(machine.name, f"making it from the image baked with {said(image.baked)}")
    return base.Birth(image, files)


def digest(machine: model.Machine, recipe: catalog.Recipe, steps: Sequence[load.Step]) -> str:
    """Return the digest of the image that holds these steps."""
    given = [(step.kind, step.operation.model_dump(mode="json")) for step in steps]
    return baked.digest(store.digest_of(recipe), machine.disk_gib, given)


def said(profiles: Sequence[str]) -> str:
    """Name profiles in a sentence."""
    return " + ".join(profiles)
