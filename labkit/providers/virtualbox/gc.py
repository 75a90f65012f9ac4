"""VirtualBox's machines of all labs of this user.

A machine is labkit's when its hardware UUID is the one that labkit derives, in a namespace of its
own (RFC 9562, version 5), from the two names that stand in its group and its own name. Where its
lab is stands in its extra data. One that Vagrant was making when it was killed has none of these.
"""

from __future__ import annotations

import functools
import pathlib
from typing import TYPE_CHECKING

from labkit import errors, workspace
from labkit.plan import derive
from labkit.providers import gc
from labkit.providers.virtualbox import manage, power, unfinished
from labkit.workspace import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def find() -> Iterator[gc.Found]:
    """Yield the machines; nothing where there is no VirtualBox, or it does not answer."""
    if manage.program() is None:
        return
    try:
        yield from _claimed()
        there = power.there()
        for entry in registry.entries():
            yield from unfinished.find(workspace.Workspace(entry.folder, entry.lab), there)
    except errors.ProviderError:
        return


def strays(space: workspace.Workspace, ids: Mapping[str, str]) -> list[gc.Found]:
    """Find machines of a lab that were begun, and that Vagrant knows nothing of.

    Args:
        space: The lab's.
        ids: The UUIDs of the machines that Vagrant knows, by name.
    """
    if manage.program() is None or not space.ledger.machines().keys() - ids.keys():
        return []  # nothing to ask VirtualBox about
    claimed = [each for each in _claimed() if each.entry == space.entry]
    lost = (each for each in claimed if each.machine not in ids)
    return [*lost, *unfinished.find(space, power.there())]


def _claimed() -> Iterator[gc.Found]:
    """Yield the machines that prove by themselves whose they are."""
    for number, name, found in power.everything():
        if machine := claim(found):
            entry = _entry(_data(number), found["groups"].removeprefix("/"))
            if entry:
                yield _found(entry, machine, number, name)


def _data(number: str) -> dict[str, str]:
    """Return the extra data of a machine; none when it has gone meanwhile."""
    try:
        return power.extra_data(number)
    except errors.ProviderError:
        if number in power.there():
            raise
        return {}


def _found(entry: registry.Entry, machine: str, number: str, name: str) -> gc.Found:
    remove = functools.partial(power.remove, number)
    return gc.Found(entry, machine, f"VirtualBox machine {name}", remove)


def claim(found: Mapping[str, str]) -> str | None:
    """Return the name of the machine that a machine of VirtualBox proves to be; None for others."""
    lab, name = found.get("groups", "").removeprefix("/"), found.get("name", "")
    machine = name.removeprefix(f"{lab}-")
    if not lab or machine == name:
        return None
    ours = found.get("hardwareuuid") == str(derive.machine_uuid(lab, machine))
    return machine if ours else None


def _entry(said: Mapping[str, str], lab: str) -> registry.Entry | None:
    """Return the lab that the extra data name: its folder is the parent of `.lab/LAB`."""
    path = pathlib.Path(said.get("labkit/folder", ""))
    if not path.is_absolute() or path.parts[-2:] != (".lab", lab):
        return None
    return registry.Entry(path.parent.parent, lab)
