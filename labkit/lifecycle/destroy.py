"""Remove a lab, and prove by looking that nothing of it is left."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors, parallel
from labkit.lifecycle import ssh_include
from labkit.providers import base, gc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit import workspace
    from labkit.lifecycle import context


@dataclasses.dataclass(frozen=True, slots=True)
class Removed:
    """What really was there and is no more."""

    machines: tuple[str, ...] = ()
    folder: bool = False

    def __bool__(self) -> bool:
        """Say whether there was anything."""
        return bool(self.machines) or self.folder


def destroy(lab: context.Context) -> Removed:
    """Remove every machine of the lab and its folder.

    Raises:
        errors.LeftoverError: Something could not be removed; names each thing.
    """
    space = lab.space
    space.ledger.mend()
    if not space.path.exists() and not lab.provider.leftovers():
        return Removed()
    lab.provider.mend()
    existing = _existing(lab)
    folder = space.path.exists()
    space.make()
    machines = {name: name for name in lab.provider.made()}
    done = parallel.each(machines, lab.provider.destroy)
    reasons = [f"{name}: {error}" for name, error in done.items() if isinstance(error, Exception)]
    if not reasons:
        try:
            lab.provider.clear()
        except errors.ProviderError as error:
            reasons.append(error.message)
    ssh_include.remove(space.entry)
    _finish(space, [*reasons, *lab.provider.leftovers()])
    return Removed(existing, folder)


def destroy_unread(space: workspace.Workspace) -> Removed:
    """Remove a lab without its lab file: what runs for it, and its folder.

    Raises:
        errors.LeftoverError: Something could not be removed; names each thing.
    """
    found = _running(space)
    folder = space.path.exists()
    kept = {path.name for path in space.machine("").glob("*/")}
    reasons: list[str] = []
    for each in found:
        try:
            each.remove()
        except (errors.LabError, OSError) as error:
            reasons.append(f"{each.machine}: {error}")
    ssh_include.remove(space.entry)
    if folder or found:
        _finish(space, [*reasons, *(each.what for each in _running(space))])
    return Removed(tuple(sorted(kept | gc.machines(found))), folder)


def _finish(space: workspace.Workspace, left: Sequence[str]) -> None:
    """Remove the folder when nothing else is left; complain otherwise."""
    if not left:
        if space.path.exists():
            space.remove()
        left = [str(space.path)] if space.path.exists() else []
    if left:
        raise errors.LeftoverError(
            f"not all of lab '{space.lab}' could be removed: {'; '.join(dict.fromkeys(left))}",
            hint="run 'lab.destroy' again; what is named above was not touched",
        )


def _running(space: workspace.Workspace) -> list[gc.Found]:
    return [each for each in gc.find(space.entry) if each.entry == space.entry]


def _existing(lab: context.Context) -> tuple[str, ...]:
    """Name the machines of which there is anything; the plan alone makes none."""
    states = lab.provider.status()
    there = {name for name, state in states.items() if state is not base.State.ABSENT}
    there |= gc.machines(_running(lab.space))
    there |= set(lab.space.ledger.machines())
    return tuple(
        name for name in lab.provider.made() if name in there or lab.space.machine(name).exists()
    )
