"""`image.list`."""

from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING

import rich.table

from labkit import console
from labkit.images import catalog, listing, store
from labkit.providers import keeper
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task()
def list_(_: invoke.context.Context, format: str = "") -> None:
    """List the catalogue and what is in the cache."""
    folder = pathlib.Path.cwd()
    names = listing.names(folder=folder)
    # Older builds of a name stay in the cache; what counts is the one that `up` would take.
    wanted = {store.digest_of(catalog.get(name, folder=folder)): name for name in names}
    images = {image.digest: image for image in store.list_images()}
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
    for kept in keeper.every():
        size = f"{kept.size / 1e6:.0f}" if kept.size else ""
        kind = "" if kept.kind == "image" else f" ({kept.kind})"
        table.add_row(f"{kept.about.name}{kind}", kept.about.digest[:12], size)
    console.out.print(table)
