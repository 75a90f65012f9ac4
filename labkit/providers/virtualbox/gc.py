"""VirtualBox's machines of all labs of this user.

A machine is labkit's when its hardware UUID is the one that labkit derives, in a namespace of its
own (RFC 9562, version 5), from the two names that stand in its group and its own name. Where its
lab is stands in its extra data.
"""

from __future__ import annotations

import functools
import pathlib
from typing import TYPE_CHECKING

from labkit import errors
from labkit.plan import derive
from labkit.providers import gc
from labkit.providers.virtualbox import info, manage, power
from labkit.workspace import registry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from labkit import workspace


def find() -> Iterator[gc.Found]:
    """Yield the machines; nothing where there is no VirtualBox, or it does not answer."""
    if manage.program() is None:
        return
    try:
        for number, name in power.there().items():
            found = power.look(number)
            if machine := claim(found):
                said = info.extra_data(manage.run("getextradata", number, "enumerate"))
                entry = _entry(said, found["groups"].removeprefix("/"))
                if entry:
                    what = f"VirtualBox machine {name}"
                    remove = functools.partial(power.remove, number)
                    yield gc.Found(entry, machine, what, remove)
    except errors.ProviderError:
        return


def strays(space: workspace.Workspace, known: Collection[str]) -> list[gc.Found]:
    """Find machines of a lab that were begun, and that Vagrant knows nothing of.

    Args:
        space: The lab's.
        known: Names of the machines that Vagrant knows.
    """
    if not space.ledger.machines().keys() - set(known):
        return []  # nothing to ask VirtualBox about
    return [each for each in find() if each.entry == space.entry and each.machine not in known]


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
