"""No machine's disk is smaller than the image that it begins with, or the machine cannot boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import resolve, sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach; boxes and templates of other providers have other sizes."""
    if spec.lab.provider != "qemu" or not context.disks:
        return
    for name in spec.lab.machines:
        wanted = resolve.settings(spec.lab, name)
        least = context.disks.get(wanted.image, 0)
        if wanted.disk_gib < least:
            yield spec.problem(
                ("machines", name, "disk"),
                f"the disk of '{name}' has {sizes.DISK.show(wanted.disk_gib)}, and image "
                f"'{wanted.image}' has {sizes.DISK.show(least)}",
                f"let 'disk' be {sizes.DISK.show(least)} or more",
            )
