"""An explanation: one model for every rendering."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.families import base as family_base
    from labkit.plan import model


@dataclasses.dataclass(frozen=True, slots=True)
class Variant:
    """Commands, and the machines on which they are the same."""

    machines: tuple[str, ...]
    commands: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One entry of a profile: why it is there, and what it takes on which machines."""

    kind: str
    tags: tuple[str, ...]
    reason: str
    variants: tuple[Variant, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Chapter:
    """One profile."""

    profile: str
    """Folder and name, for example `provision/base`."""
    title: str
    machines: tuple[str, ...]
    """Those that have the profile."""
    steps: tuple[Step, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """What leads to the lab, or to some of its machines, by hand."""

    lab: model.Lab
    language: str
    machines: tuple[model.Machine, ...]
    families: dict[str, family_base.Family]
    """Of each machine."""
    chapters: tuple[Chapter, ...]
    stand_ins: tuple[str, ...]
    """Words that stand for keys in the commands; none when these are the lab's own."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the machines."""
        return tuple(machine.name for machine in self.machines)
