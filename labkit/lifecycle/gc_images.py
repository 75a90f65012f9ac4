"""Which baked images no lab uses any more.

An image is used when a machine's disk was made from it, and when a machine of the lab file that it
was baked for would begin with it. In doubt it is used. Images as their recipes make them stay: the
next lab wants them.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from labkit import console, errors, workspace
from labkit.images import bakers, store
from labkit.plan import build
from labkit.providers.qemu import backing
from labkit.spec import host, load

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable, Iterator, Mapping

    from labkit.workspace import registry


def find(entries: Iterable[registry.Entry]) -> Iterator[tuple[store.Image, str]]:
    """Yield each baked image, and who uses it; nobody where the text is empty."""
    images = [each for each in store.list_images() if each.baked]
    disks = _disks(entries if images else ())
    for image in images:
        yield image, _owner(image) or disks.get(image.digest, "") or _baker(image.digest)


def remove(image: store.Image) -> None:
    """Remove an image, and what is known of it.

    Raises:
        errors.LabError: It could not be removed.
    """
    store.remove(image)
    bakers.leave(image.digest)


def _owner(image: store.Image) -> str:
    """Say that somebody else made it, whose labs are not known here."""
    if sys.platform == "win32":
        return ""
    foreign = image.disk.stat().st_uid != os.geteuid()
    return "another user has baked it" if foreign else ""


def _disks(entries: Iterable[registry.Entry]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        space = workspace.Workspace(entry.folder, entry.lab)
        for disk in sorted(space.machine("").glob("*/disk.qcow2")):
            image = None
            with contextlib.suppress(OSError):  # an image of a cache that is not ours
                image = backing.image(disk)
            if image:
                who = f"{disk.parent.name} of lab '{entry.lab}' in {entry.folder} was made from it"
                found.setdefault(image.digest, who)
    return found


def _baker(digest: str) -> str:
    for file in bakers.files(digest):
        try:
            if _wants(file, digest):
                return f"machines of {file} begin with it"
        except (errors.LabError, OSError):  # in doubt
            return f"it was baked for {file}, which cannot be read now"
    return ""


def _wants(file: pathlib.Path, digest: str) -> bool:
    """Say whether a machine of a lab file would begin with an image."""
    from labkit.lifecycle import bake, context  # noqa: PLC0415 - slow; most caches have no such image

    if not file.exists():
        return False
    lab = build.with_provider(load.load(file, host.here()), "qemu")
    space = workspace.Workspace(file.parent, lab.name)
    opened = context.Context(file.parent, lab, space, console.Progress())
    return any(each.digest == digest for each in bake.wanted(opened, lab.machines))
