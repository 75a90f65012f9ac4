"""`class.validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    import invoke.context


@_base.task()
def validate(_: invoke.context.Context, file: str = "") -> None:
    """Check the class file, its roster and its lab file; says every problem with its place."""
    room = _base.open_class(file)
    machines = sum(len(lab.machines) for lab in room.labs.values())
    said = f"class '{room.name}' is valid: {len(room.students)} students, {machines} machines"
    console.out.print(said, soft_wrap=True)
