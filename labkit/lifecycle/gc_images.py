"""Which baked images no lab uses any more, and boxes and templates that were baked.

One is used when a machine was made from it, and when a machine of the lab file that it was baked
for would begin with it. In doubt it is used. Images as their recipes make them stay: the next lab
wants them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console, errors, workspace
from labkit.images import bakers
from labkit.plan import build
from labkit.providers import keeper
from labkit.spec import host, load

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Collection, Iterator

    from labkit.workspace import registry


def find(entries: Collection[registry.Entry]) -> Iterator[tuple[keeper.Kept, str]]:
    """Yield all that is baked, and who uses it; nobody where the text is empty."""
    for kept in keeper.every():
        yield kept, kept.user(entries) or _baker(kept)


def remove(kept: keeper.Kept) -> None:
    """Remove something baked, and what is known of it.

    Raises:
        errors.LabError: It could not be removed.
    """
    kept.remove()
    bakers.leave(kept.about.digest)


def _baker(kept: keeper.Kept) -> str:
    for file in bakers.files(kept.about.digest):
        try:
            if _wants(file, kept):
                return f"machines of {file} begin with it"
        except (errors.LabError, OSError):  # in doubt
            return f"it was baked for {file}, which cannot be read now"
    return ""


def _wants(file: pathlib.Path, kept: keeper.Kept) -> bool:
    """Say whether a machine of a lab file would begin with what was baked."""
    from labkit.lifecycle import bake, context  # noqa: PLC0415 - slow; most caches have no such image

    if not file.exists():
        return False
    lab = build.with_provider(load.load(file, host.here()), kept.provider)
    space = workspace.Workspace(file.parent, lab.name)
    opened = context.Context(file.parent, lab, space, console.Progress())
    return any(each.digest == kept.about.digest for each in bake.wanted(opened, lab.machines))
