"""Remove a machine with all that Vagrant and labkit know of it, and look for what is left."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers.virtualbox import gc, notes, power

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labkit import workspace
    from labkit.vagrant import tool


def remove(space: workspace.Workspace, vagrant: tool.Vagrant, name: str) -> None:
    """Remove a machine, its notes and its folder.

    Args:
        space: The lab's.
        vagrant: In that lab.
        name: The machine's.

    Raises:
        errors.LeftoverError: Something is still there.
    """
    number = notes.ids(space.path).get(name)
    if number:
        if (space.path / "Vagrantfile").exists():
            # Vagrant forgets the machine too; what it cannot do is done without it.
            with contextlib.suppress(errors.ProviderError):
                vagrant.destroy(name)
        if number in power.there():
            power.remove(number)
    else:  # of one that Vagrant knows there is no second
        for stray in gc.strays(space, notes.ids(space.path)):
            if stray.machine == name:
                stray.remove()
    notes.forget(space.path, name)
    folder = space.machine(name)
    if folder.exists():
        shutil.rmtree(folder)


def leftovers(space: workspace.Workspace, names: Iterable[str]) -> list[str]:
    """Name machines of VirtualBox, parts of such, and folders that were made for machines."""
    ids = notes.ids(space.path)
    there = power.there() if ids else {}
    found = [f"VirtualBox machine {there[each]}" for each in ids.values() if each in there]
    found += (each.what for each in gc.strays(space, ids))
    folders = map(space.machine, names)
    return [*found, *(str(folder) for folder in folders if folder.exists())]
