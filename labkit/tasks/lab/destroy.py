"""`lab.destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console, errors, workspace
from labkit.lifecycle import destroy as destroying
from labkit.lifecycle import gc
from labkit.tasks import base

if TYPE_CHECKING:
    import pathlib

    import invoke.context

    from labkit.lifecycle import context


@base.task(lab="remove .lab/NAME beside the lab file without reading that, should it be broken")
def destroy(
    _: invoke.context.Context, file: str = "", provider: str = "", lab: str = "", yes: bool = False
) -> None:
    """Remove the lab's machines, disks and folder; looks whether anything is left."""
    if lab:
        space = _unread(file, lab)
        _ask(lab, yes)
        with space.lock("lab.destroy"):
            base.begin_log(space)
            removed = destroying.destroy_unread(space)
    else:
        opened = _open(file, provider)
        lab = opened.lab.name
        _ask(lab, yes)
        with opened.hold("lab.destroy"):
            base.begin_log(opened.space)
            removed = destroying.destroy(opened)
    if removed.machines:
        console.out.print(f"lab '{lab}' is gone: {', '.join(removed.machines)}", soft_wrap=True)
    elif removed:
        console.out.print(f"lab '{lab}' is gone: its folder; no machine had been made")
    else:
        console.out.print(f"there is nothing of lab '{lab}'")


def _ask(lab: str, yes: bool) -> None:
    question = f"remove lab '{lab}' with all of its machines and disks?"
    if not base.says_yes(yes) and console.has_terminal() and not console.ask(question):
        raise errors.LabError("nothing was removed", hint="answer y, or give --yes")


def _folder(file: str) -> pathlib.Path:
    return base.lab_file(file).absolute().parent


def _unread(file: str, lab: str) -> workspace.Workspace:
    """Return the workspace of a name, which must be there: a name is no path."""
    names = [entry.lab for entry in gc.in_folder(_folder(file))]
    if lab not in names:
        raise errors.LabError(
            f"there is no lab '{lab}' in {_folder(file)}",
            hint=f"there are: {', '.join(names)}" if names else "'lab.gc' looks everywhere",
        )
    return workspace.Workspace(_folder(file), lab)


def _open(file: str, provider: str) -> context.Context:
    """Open the lab; where its file cannot be read, say how to do without."""
    try:
        return base.open_lab(file, provider)
    except errors.LabError as error:
        names = [entry.lab for entry in gc.in_folder(_folder(file))]
        if not names:
            raise
        base.complain(error)
        raise errors.LabError(
            "so it is not known which lab to remove",
            hint=f"mend the file, or 'lab.destroy --lab {names[0]}' removes that without it"
            + (f"; there are: {', '.join(names)}" if len(names) > 1 else ""),
        ) from error
