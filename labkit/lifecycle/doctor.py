"""Say whether this host can run a lab; changes nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from labkit import system
from labkit.images import store
from labkit.providers import base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.lifecycle import context

_PROGRAMS = {"qemu": ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mke2fs", "debugfs")}
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
        ),
        _disk(),
        *lab.provider.preflight(),
    ]


def _disk() -> base.Finding:
    root = store.root()
    folder = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free >> 30} GiB free for {root}"
    hint = "make room, or name another folder in LAB_CACHE"
    return base.Finding("disk", ok=free >= _IMAGE_BYTES, detail=detail, hint=hint)
