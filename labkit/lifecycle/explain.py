"""Explain a lab by what a person would type; nothing is made, and no machine is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labkit import errors, families
from labkit.explain import chapters, keys, model, words
from labkit.images import catalog
from labkit.profiles import load
from labkit.secrets import store
from labkit.ssh import keyring

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

    from labkit.families import base as family_base
    from labkit.lifecycle import context
    from labkit.plan import model as plan


def explain(
    lab: context.Context, only: Sequence[plan.Machine], language: str, *, own_keys: bool = True
) -> model.Explanation:
    """Explain machines.

    Args:
        lab: Their lab.
        only: The machines.
        language: Of reasons and titles, for example `en`.
        own_keys: Show the lab's public keys, if it has any yet. A person without labkit makes keys
            of their own, for which words stand in.

    Raises:
        errors.LabError: A profile is wrong, or an image is of no family that labkit knows.
    """
    ring = keyring.existing(lab.lab, lab.space) if own_keys else None
    found = {machine.name: family(machine.image, lab.folder) for machine in only}
    none: dict[str, str] = {}
    stand_ins = none if ring else keys.stand_ins(lab.lab, words.of(language))
    blind = store.Store(lab.lab.secrets, lab.folder, blind=True)
    steps = {
        machine.name: load.steps(lab.lab, machine, ring or keys.nobodys(lab.lab), lab.shelf, blind)
        for machine in only
    }
    told = chapters.chapters(steps, found, language, stand_ins)
    typed = "\n".join(_commands(told))
    return model.Explanation(
        lab=lab.lab,
        language=language,
        machines=tuple(only),
        families=found,
        chapters=told,
        stand_ins=tuple(each for each in stand_ins.values() if each in typed),
    )


def family(image: str, folder: pathlib.Path) -> family_base.Family:
    """Return the family of an image, by its recipe or by the first word of its name.

    Raises:
        errors.LabError: It is none that labkit knows.
    """
    recipe = catalog.get(image, folder=folder)
    first = re.split(r"[^a-z]", image)[0]
    name = "debian" if isinstance(recipe, catalog.DebianRecipe) else f"{first} {recipe.user}"
    found = families.of(name)
    if found is None:
        known = sorted(word for each in families.every() for word in each.ids)
        raise errors.LabError(
            f"nothing says which distribution the image '{image}' is of",
            hint=f"let its name begin with one of: {', '.join(known)}",
        )
    return found


def _commands(told: Sequence[model.Chapter]) -> list[str]:
    return [
        command
        for chapter in told
        for step in chapter.steps
        for variant in step.variants
        for command in variant.commands
    ]
