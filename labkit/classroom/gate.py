"""When the next student's lab may be worked on: the host must not run full. Pure.

Labs begin in the order in which they were asked for; one that needs much is not overtaken for ever
by those that need little.
"""

from __future__ import annotations

import dataclasses
import enum

from labkit.classroom import capacity

LOAD = 8.0
"""The load average for each processor, above which nothing new begins."""


class Verdict(enum.Enum):
    """What to do with the next one."""

    BEGIN = "begin"
    WAIT = "wait"
    REFUSE = "refuse"


@dataclasses.dataclass(frozen=True, slots=True)
class Room:
    """What the host has left now."""

    memory_mib: int
    disk_mib: int
    load: float
    """Processes that want to run, for each processor."""


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """What one student's lab will take beyond what it has; nothing where all of it runs."""

    memory_mib: int = 0
    disk_mib: int = 0

    def __bool__(self) -> bool:
        """Say whether it needs anything."""
        return bool(self.memory_mib or self.disk_mib)


NOTHING = Need()


def decide(room: Room, need: Need, under_way: tuple[Need, ...]) -> tuple[Verdict, str]:
    """Say what to do, and why.

    Args:
        room: What is left, where nothing has been set aside for labs under way.
        need: What the next lab takes.
        under_way: What the labs take that have begun and are not up yet.
    """
    if not need:
        return Verdict.BEGIN, ""
    memory = room.memory_mib - sum(each.memory_mib for each in under_way) - capacity.MEMORY_RESERVE
    disk = room.disk_mib - sum(each.disk_mib for each in under_way) - capacity.DISK_RESERVE
    reason = ""
    if need.memory_mib > memory:
        reason = f"{need.memory_mib} MiB of memory, and {max(memory, 0)} MiB can be had"
    elif need.disk_mib > disk:
        reason = f"{need.disk_mib} MiB of disk space, and {max(disk, 0)} MiB can be had"
    if reason:
        return (Verdict.WAIT if under_way else Verdict.REFUSE), reason
    if under_way and room.load > LOAD:
        return Verdict.WAIT, f"the processors, whose load is {room.load:.0f} each"
    return Verdict.BEGIN, ""
