"""Baked images of QEMU: in the cache, beside those that their recipes make."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import sys
from typing import TYPE_CHECKING

from labkit import errors, workspace
from labkit.images import baked, catalog, process, store
from labkit.providers import keeper
from labkit.providers.qemu import backing

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from labkit.plan import model
    from labkit.workspace import registry


@dataclasses.dataclass(frozen=True, slots=True)
class Keeper(keeper.Keeper):
    """Keeps a machine's disk, with all below it, as an image of the cache."""

    space: workspace.Workspace
    narrate: Callable[[str], None]

    def _recipe(self, machine: model.Machine) -> catalog.DebianRecipe:
        recipe = catalog.get(machine.image, folder=self.space.folder)
        if not isinstance(recipe, catalog.DebianRecipe):
            raise errors.LabError(
                f"{machine.name} has the image '{machine.image}', which is a vendor's file",
                hint="only images that labkit builds itself can be baked; '--only' chooses "
                "machines",
            )
        return recipe

    def source(self, machine: model.Machine) -> object:
        """Return the digest of the image's recipe; a vendor's file sets itself up at each boot."""
        return store.digest_of(self._recipe(machine))

    def account(self, machine: model.Machine) -> str:
        """Return the recipe's account."""
        return self._recipe(machine).user

    def find(self, digest: str) -> keeper.Kept | None:
        """Look into the cache."""
        image = store.of_digest(digest)
        return _kept(image) if image else None

    def keep(self, machine: model.Machine, about: keeper.About) -> None:
        """Write the disk into the cache."""
        folder = self.space.folder
        base = store.ensure(machine.image, narrate=self.narrate, folder=folder)
        log = store.root() / "log" / f"image-{machine.name}.log"

        def fill(work: pathlib.Path, narrate: Callable[[str], None]) -> Mapping[str, object]:
            narrate("writing the disk")
            disk = self.space.machine(machine.name) / "disk.qcow2"
            baked.flatten(disk, base, work, process.Logged(log))
            return {
                "user": base.user,
                "kernel_args": base.kernel_args,
                "seed": base.seed,
                "base": base.digest,
                "baked": list(about.baked),
            }

        store.keep(about.name, about.digest, fill, self.narrate)


def every() -> Iterator[keeper.Kept]:
    """Yield the baked images in the cache."""
    return (_kept(image) for image in store.list_images() if image.baked)


def _kept(image: store.Image) -> keeper.Kept:
    return keeper.Kept(
        about=keeper.About(image.name, image.digest, image.baked),
        provider="qemu",
        kind="image",
        size=image.size,
        user=functools.partial(_user, image),
        remove=functools.partial(store.remove, image),
    )


def _user(image: store.Image, entries: Iterable[registry.Entry]) -> str:
    """Say that somebody else made it, whose labs are not known here, or name a disk made of it."""
    if sys.platform != "win32" and image.disk.stat().st_uid != os.geteuid():
        return "another user has baked it"
    for entry in entries:
        space = workspace.Workspace(entry.folder, entry.lab)
        for disk in sorted(space.machine("").glob("*/disk.qcow2")):
            with contextlib.suppress(OSError):  # an image of a cache that is not ours
                found = backing.image(disk)
                if found and found.digest == image.digest:
                    machine = disk.parent.name
                    return f"{machine} of lab '{entry.lab}' in {entry.folder} was made from it"
    return ""
