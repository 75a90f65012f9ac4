"""`image.build`."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from labkit import console
from labkit.images import store
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(name="a name of 'image.list' (default: debian-12)")
def build(_: invoke.context.Context, name: str = "debian-12") -> None:
    """Make an image unless the cache has it."""
    image = store.ensure(name, narrate=console.Progress().say, folder=pathlib.Path.cwd())
    console.out.print(str(image.disk.parent), soft_wrap=True)
