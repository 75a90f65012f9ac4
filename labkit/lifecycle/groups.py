"""What snapshots a lab has: each is one of all its machines. Decides and does nothing.

The provider is the truth about what exists; the ledger says which of it is not whole.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from labkit import errors, workspace
from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labkit.providers import base

VERIFIED = "verified"
"""What people see of the state that the last good verify kept for 'lab.reset'."""

BEFORE = "before-reboot"
"""The snapshot that 'lab.verify --reboot' makes first; a person's like any other."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_KEPT = re.compile(rf"{VERIFIED}~(\d+)")


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """One snapshot of a lab."""

    name: str
    tag: str
    """What the provider and the ledger call it."""
    machines: Mapping[str, base.Snapshot]

    @property
    def taken(self) -> float:
        """Seconds since 1970 at which the last of its machines was saved."""
        return max(each.taken for each in self.machines.values())


def check(name: str) -> None:
    """Refuse what is no name for a person's snapshot.

    Raises:
        errors.LabError: Says what a name is.
    """
    if name == VERIFIED:
        raise errors.LabError(
            f"'{VERIFIED}' is the snapshot that labkit keeps by itself",
            hint="'lab.reset' goes back to it; choose another name for one of your own",
        )
    if not _NAME.fullmatch(name):
        raise errors.LabError(
            f"{words.show(name)} is no name for a snapshot",
            hint="up to 40 letters, digits, '-', '_' and '.', the first one a letter or a digit",
        )


def whole(
    found: Mapping[str, Mapping[str, base.Snapshot]],
    marks: Mapping[str, workspace.SnapshotMark],
) -> dict[str, Group]:
    """Return the lab's snapshots by name, the oldest first.

    Args:
        found: The snapshots of each machine, by their tags.
        marks: What the ledger says of them.
    """
    broken = {workspace.SnapshotMark.SAVING, workspace.SnapshotMark.REMOVING}
    tags = {tag for saved in found.values() for tag in saved if marks.get(tag) not in broken}
    newest = max(map(number, tags), default=0)
    groups = [
        Group(
            shown(tag),
            tag,
            {name: saved[tag] for name, saved in found.items() if tag in saved},
        )
        for tag in tags
        if number(tag) in {0, newest}
    ]
    return {group.name: group for group in sorted(groups, key=lambda group: group.taken)}


def number(tag: str) -> int:
    """Return which of the verified states a tag is of, counted from 1; 0 for people's own."""
    match = _KEPT.fullmatch(tag)
    return int(match[1]) if match else 0


def shown(tag: str) -> str:
    """Return what people call the snapshot of a tag."""
    return VERIFIED if number(tag) else tag


def next_verified(tags: Iterable[str]) -> str:
    """Return the tag for a new verified state: the old one stays until the new one is whole."""
    return f"{VERIFIED}~{max(map(number, tags), default=0) + 1}"


def missing(group: Group, machines: Iterable[str], lab: str) -> errors.LabError | None:
    """Return what to say when a snapshot is not of all machines."""
    lacking = [name for name in machines if name not in group.machines]
    if not lacking:
        return None
    return errors.LabError(
        f"snapshot '{group.name}' of lab '{lab}' has no {words.one_of(lacking)}",
        hint="who came to the lab later cannot go back with it: take it out of lab.yml, or save "
        "a new snapshot",
    )
