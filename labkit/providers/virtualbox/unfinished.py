"""What Vagrant and VirtualBox were making for a lab when they were killed.

Such a machine has its box's settings and none of the lab's. The name that Vagrant gave it is its
own, of milliseconds and a random number, and Vagrant's log in the lab's folder has that name. Where
VBoxManage was killed too, there is a folder of that name and no machine.
"""

from __future__ import annotations

import contextlib
import functools
import pathlib
import shutil
from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers import gc
from labkit.providers.virtualbox import info, manage, notes, power
from labkit.vagrant import journal, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labkit import workspace


def find(space: workspace.Workspace, there: Mapping[str, str]) -> Iterator[gc.Found]:
    """Yield it. A master that Vagrant has noted is whole, and other labs use it.

    Args:
        space: The lab's.
        there: The names of VirtualBox's machines by their UUID.
    """
    known = set(notes.ids(space.path).values())
    for log in space.machine("").glob(f"*/{journal.FILE}"):
        names = journal.names(log.read_text(encoding="utf-8", errors="replace"))
        found = functools.partial(gc.Found, space.entry, log.parent.name)
        for number, name in there.items():
            if name in names and number not in known and not settings.is_master(number):
                remove = functools.partial(power.remove, number)
                yield found(f"VirtualBox machine {name}", remove)
        for folder in _folders(names - set(there.values())):
            yield found(f"VirtualBox folder {folder}", functools.partial(_remove, folder))


def _folders(names: set[str]) -> Iterator[pathlib.Path]:
    """Yield the folders that were to become machines of these names, and became none."""
    if not names:
        return
    home = power.folder()
    for name in sorted(names):
        folder = home / name
        if folder.parent == home and folder.is_dir() and not _is_used(folder):
            yield folder


def _is_used(folder: pathlib.Path) -> bool:
    """Say whether a machine is in a folder; one that was given another name may have stayed."""
    files = (found.get("CfgFile", "") for _, _, found in power.everything())
    return any(pathlib.Path(each).is_relative_to(folder) for each in files)


def _remove(folder: pathlib.Path) -> None:
    """Remove a folder, and have VirtualBox forget the disks in it.

    Raises:
        errors.LeftoverError: It cannot be removed.
    """
    for number, place in info.disks(manage.run("list", "hdds")).items():
        if pathlib.Path(place).is_relative_to(folder):
            with contextlib.suppress(errors.ProviderError):  # it never was a whole one
                manage.run("closemedium", "disk", number)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise errors.LeftoverError(
            f"{folder} cannot be removed: {error.strerror}",
            hint="close VirtualBox, then run the same task again",
        ) from error
