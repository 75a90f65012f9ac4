"""`lab.destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console, errors
from labkit.lifecycle import destroy as destroying
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task()
def destroy(
    _: invoke.context.Context, file: str = "", provider: str = "", yes: bool = False
) -> None:
    """Remove the lab's machines, disks and folder; looks whether anything is left."""
    opened = base.open_lab(file, provider)
    question = f"remove lab '{opened.lab.name}' with all of its machines and disks?"
    if not base.says_yes(yes) and console.has_terminal() and not console.ask(question):
        raise errors.LabError("nothing was removed", hint="answer y, or give --yes")
    with opened.space.lock("lab.destroy"):
        removed = destroying.destroy(opened)
    if removed:
        console.out.print(f"lab '{opened.lab.name}' is gone: {', '.join(removed)}", soft_wrap=True)
    else:
        console.out.print(f"there is nothing of lab '{opened.lab.name}'")
