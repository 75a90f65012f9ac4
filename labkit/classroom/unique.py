"""Whether what must be unique is unique over the whole class, and not in each lab alone.

UUIDs, MAC addresses and machine-ids follow from names, and each lab's own verify holds machines to
its plan. Keys are random: two labs have the same ones when somebody has copied a student's folder.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from labkit.classroom import standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.classroom import plan


def repeated(room: plan.Classroom) -> dict[str, str]:
    """Return each student who has a key of another one, and a sentence about it."""
    owners: dict[str, str] = {}
    found: dict[str, str] = {}
    for student in room.students:
        for name, key in _keys(room, student):
            owner = owners.setdefault(key, student.name)
            if owner != student.name and student.name not in found:
                found[student.name] = f"its key '{name}' is also one of '{owner}'"
    return found


def _keys(room: plan.Classroom, student: plan.Student) -> Iterator[tuple[str, str]]:
    folder = standing.space(room, student).path / "keys"
    for path in sorted(folder.rglob("*.pub")):
        with contextlib.suppress(OSError, ValueError, IndexError):  # verify speaks of broken files
            yield path.stem, path.read_text(encoding="utf-8").split()[1]
