"""`lab.support`."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from labkit import console
from labkit.lifecycle import support as supporting
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(to="the folder for the bundle; default: this one")
def support(_: invoke.context.Context, file: str = "", to: str = "") -> None:
    """Pack logs, plan and versions for a bug report, without names, addresses and secrets."""
    path = base.lab_file(file)
    bundle = supporting.support(path, pathlib.Path(to))
    console.out.print(str(bundle.path), soft_wrap=True)
    for name in bundle.names:
        console.out.print(f"  {name}", soft_wrap=True)
    counts = ", ".join(f"{kind} {count}" for kind, count in bundle.replaced.items())
    console.out.print(f"replaced: {counts or 'nothing'}", soft_wrap=True)
    console.out.print("read it before you send it", soft_wrap=True)
