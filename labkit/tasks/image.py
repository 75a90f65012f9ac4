"""The tasks of images."""

from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING

import rich.table

from labkit import console
from labkit.images import catalog, store
from labkit.lifecycle import bake as baking
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(name="a name of 'image.list' (default: debian-12)")
def build(_: invoke.context.Context, name: str = "debian-12") -> None:
    """Make an image unless the cache has it."""
    image = store.ensure(name, narrate=console.Progress().say, folder=pathlib.Path.cwd())
    console.out.print(str(image.disk.parent), soft_wrap=True)


@base.task(iterable=("only",))
def bake(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    provider: str = "",
    format: str = "",
) -> None:
    """Run the lab's provisioning once into images, from which further machines begin."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    found = baking.bake(opened, opened.choose(base.chosen(only)))
    if as_json:
        rows = [
            {
                "image": each.image.name,
                "digest": each.image.digest,
                "bytes": each.image.size,
                "machines": each.machines,
                "changes": each.changes,
            }
            for each in found
        ]
        print(json.dumps(rows, indent=2))
        return
    table = rich.table.Table(
        "image", "digest", "MB", "changes in it", "machines that begin with it"
    )
    for each in found:
        size = f"{each.image.size / 1e6:.0f}"
        changes = str(each.changes) if each.changes else "it was there"
        machines = ", ".join(each.machines)
        table.add_row(each.image.name, each.image.digest[:12], size, changes, machines)
    console.out.print(table)


@base.task()
def list_(_: invoke.context.Context, format: str = "") -> None:
    """List the catalogue and what is in the cache."""
    folder = pathlib.Path.cwd()
    names = catalog.names(folder=folder)
    # Older builds of a name stay in the cache; what counts is the one that `up` would take.
    wanted = {store.digest_of(catalog.get(name, folder=folder)): name for name in names}
    images = {image.digest: image for image in store.list_images()}
    baked = [image for image in images.values() if image.baked]
    cached = {name: images[digest] for digest, name in wanted.items() if digest in images}
    if base.wants_json(format):
        rows = {
            name: {"digest": cached[name].digest, "bytes": cached[name].size}
            if name in cached
            else None
            for name in names
        }
        print(json.dumps(rows, indent=2))
        return
    table = rich.table.Table("image", "in the cache", "MB")
    for name in names:
        image = cached.get(name)
        size = f"{image.size / 1e6:.0f}" if image else ""
        table.add_row(name, image.digest[:12] if image else "no", size)
    for image in baked:
        table.add_row(image.name, image.digest[:12], f"{image.size / 1e6:.0f}")
    console.out.print(table)
