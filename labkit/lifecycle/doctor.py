"""Say whether this host can run a lab; changes nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from labkit import errors, system
from labkit.images import store
from labkit.providers import base

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.lifecycle import context

_IMAGE = ("qemu-img", "mmdebstrap", "mke2fs", "debugfs")
_PROGRAMS = {
    "libvirt": ("virsh", "vagrant", *_IMAGE),
    "qemu": ("qemu-system-x86_64", *_IMAGE),
}
_IMAGE_BYTES = 3 << 30
"""What building an image takes at its peak: the packages, the tree, the raw disk."""


def doctor(lab: context.Context) -> Sequence[base.Finding]:
    """Look at programs, disk, and all that the provider's preflight tries."""
    wanted = _PROGRAMS.get(lab.lab.provider, ())
    absent = system.missing(*wanted)
    command = " ".join(system.install_argv(absent)) if absent else ""
    return [
        base.Finding(
            "programs",
            ok=not absent,
            detail=f"not installed: {', '.join(absent)}" if absent else ", ".join(wanted),
            hint=command,
            fix=lambda: system.require(*absent),
        ),
        _disk(),
        *lab.provider.preflight(),
    ]


def fix(lab: context.Context, narrate: Callable[[str], None]) -> Sequence[base.Finding]:
    """Do what harms nothing about what is wrong, and look again.

    Args:
        lab: The lab.
        narrate: Told what is done, and what could not be.
    """
    for finding in doctor(lab):
        if finding.ok or finding.fix is None:
            continue
        narrate(f"{finding.name}: mending it")
        try:
            finding.fix()
        except errors.LabError as error:
            narrate(f"{finding.name}: {error.message}")
    return doctor(lab)


def _disk() -> base.Finding:
    root = store.root()
    folder = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free >> 30} GiB free for {root}"
    hint = "make room, or name another folder in LAB_CACHE"
    return base.Finding("disk", ok=free >= _IMAGE_BYTES, detail=detail, hint=hint)
