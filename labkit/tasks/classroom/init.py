"""`class.init`."""

from __future__ import annotations

import pathlib
import shlex
from typing import TYPE_CHECKING

from labkit import console
from labkit.classroom import begin
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    import invoke.context


@_base.task("folder", folder="the folder to make; it must not hold a lab yet")
def init(_: invoke.context.Context, folder: str) -> None:
    """Make a class folder with a class.yml, a roster and a lab.yml."""
    path = begin.begin(pathlib.Path(folder))
    console.out.print(f"made {path}", soft_wrap=True)
    console.out.print(f"next: cd {shlex.quote(folder)} && labkit class.plan", soft_wrap=True)
