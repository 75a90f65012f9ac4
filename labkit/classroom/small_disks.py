"""The disk that a student has in another way than the others must hold the image as well. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.classroom import plan
from labkit.spec import context as contexts
from labkit.spec import load as spec_load
from labkit.spec.rules import disk_under_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labkit import errors
    from labkit.classroom import load


def check(
    spec: load.Spec, room: plan.Classroom, disks: Mapping[str, int]
) -> Iterator[errors.Problem]:
    """Yield a problem for each student whose machines could not begin with their image.

    Args:
        spec: The class file and its roster.
        room: What they make.
        disks: GiB of the images' own disks, as far as that is known.
    """
    context = contexts.Context(images=(), disks=disks)
    for student in room.students:
        if student.entry.disk is None:
            continue
        lab = spec_load.Spec(plan.lab_file(room, student), room.spec.document)
        for found in disk_under_image.check(lab, context):
            message = f"in the lab of '{student.name}', {found.message}"
            yield spec.problem(student.name, "disk", message, found.hint)
            break  # all machines of a student have the same disk
