"""`lab.init`."""

from __future__ import annotations

import pathlib
import shlex
from typing import TYPE_CHECKING

from labkit import console
from labkit.lifecycle import init as beginning
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task("folder", folder="the folder to make; it must not hold a lab yet")
def init(_: invoke.context.Context, folder: str) -> None:
    """Make a lab folder with a lab.yml and all that it uses."""
    path = beginning.init(pathlib.Path(folder))
    console.out.print(f"made {path}", soft_wrap=True)
    console.out.print(f"next: cd {shlex.quote(folder)} && labkit up", soft_wrap=True)
