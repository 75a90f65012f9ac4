"""How a machine shows that it is of a lab: written with the clone, so that none is ever without.

Three places say it. `extraConfig` comes into being with the clone; the custom attribute is cheap to
read of thousands; the annotation is for people. Whoever has none of the first two is a stranger.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELD = "labkit"
"""The custom attribute; vCenter keeps at most 255 characters of a value."""
EXTRA = "labkit.stamp"
ORIGIN = "labkit.origin"
_FORM = re.compile(
    r"labkit lab=(?P<lab>[0-9a-f]{12}) owner=(?P<owner>[0-9a-f]{12}) "
    r"machine=(?P<machine>[a-z0-9-]{0,63}) state=(?P<state>[0-9a-f]{0,16})"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Stamp:
    """Whose an object is."""

    lab: str
    """The lab's id."""
    owner: str
    """Who made it: a digest of the vCenter's user, since two people may give labs one name."""
    machine: str = ""
    """The machine's name; a folder and a port group have none."""
    state: str = ""
    """What the machine was set up with; empty until it is."""

    def __str__(self) -> str:
        """Write it as it is kept."""
        return f"labkit lab={self.lab} owner={self.owner} machine={self.machine} state={self.state}"

    def is_of(self, other: Stamp) -> bool:
        """Say whether both are of one lab and one person."""
        return (self.lab, self.owner) == (other.lab, other.owner)


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """Where a lab is at home, so that `lab.gc` finds its way back."""

    name: str
    host: str
    folder: str

    def __str__(self) -> str:
        """Write it as it is kept."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)


def owner(user: str) -> str:
    """Return the digest of a vCenter's user, whose letters' case means nothing there."""
    return hashlib.sha256(user.lower().encode()).hexdigest()[:12]


def read(text: str) -> Stamp | None:
    """Read a stamp; None for anything else."""
    found = _FORM.fullmatch(text)
    return Stamp(found["lab"], found["owner"], found["machine"], found["state"]) if found else None


def read_origin(extra: Mapping[str, str]) -> Origin | None:
    """Read where a machine's lab is at home; None where that is not said."""
    try:
        said = json.loads(extra.get(ORIGIN, ""))
        return Origin(str(said["name"]), str(said["host"]), str(said["folder"]))
    except (ValueError, KeyError, TypeError):
        return None


def annotation(origin: Origin, machine: str) -> str:
    """Return what people read in the vCenter's window."""
    return (
        f"Machine {machine} of lab {origin.name}, made by labkit on {origin.host}.\n"
        "'labkit destroy' removes it; a change made here may be taken back by 'labkit up'."
    )
