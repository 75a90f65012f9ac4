"""`lab.render`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console
from labkit.lifecycle import render as rendering
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task()
def render(_: invoke.context.Context, file: str = "", provider: str = "") -> None:
    """Write .lab/NAME/Vagrantfile."""
    opened = base.open_lab(file, provider)
    with opened.hold("lab.render"):
        for path in rendering.render(opened):
            console.out.print(str(path), soft_wrap=True)
