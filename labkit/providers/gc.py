"""Machines that exist on this host, whether or not their lab file does.

Each provider says in its module `gc` what it finds. Whatever is not proved to be labkit's is not
there.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import pkgutil
from typing import TYPE_CHECKING

from labkit import providers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from labkit.workspace import registry


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A machine, or a part of one, that exists."""

    entry: registry.Entry
    """The lab that it says it is of."""
    machine: str
    what: str
    """What a person knows it by, such as a process with its number."""
    remove: Callable[[], None]
    """Removes it; raises errors.LabError or OSError when it stays."""
    shared: bool = False
    """It is no machine but what the lab's machines share, such as a network; `machine` names it."""


def machines(found: Iterable[Found]) -> set[str]:
    """Return the names of the machines in what was found."""
    return {each.machine for each in found if not each.shared}


def find(entry: registry.Entry | None = None) -> Sequence[Found]:
    """Return what the providers find, by lab and machine.

    Args:
        entry: The only lab that is asked about. A provider for which looking is slow says by
            `concerns(entry)` whether it need look at all.
    """
    found: list[Found] = []
    for info in pkgutil.iter_modules(providers.__path__, f"{providers.__name__}."):
        if info.ispkg and importlib.util.find_spec(f"{info.name}.gc"):
            module = importlib.import_module(f"{info.name}.gc")
            concerns = getattr(module, "concerns", None)
            if entry is None or concerns is None or concerns(entry):
                found += (each for each in module.find() if entry in {None, each.entry})
    return sorted(found, key=lambda each: (each.entry, each.machine, each.what))
