"""`lab.gc`."""

from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING

import rich.markup

from labkit import console, errors, visible
from labkit.lifecycle import gc as collecting
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(
    yes="remove what is listed, except for what is in use",
    under="only labs in this folder, or in one below it",
)
def gc(_: invoke.context.Context, yes: bool = False, under: str = "", format: str = "") -> None:
    """List what labkit left anywhere on this host; exits 1 when there is something."""
    as_json = base.wants_json(format)
    only = pathlib.Path(under).absolute() if under else None
    items = collecting.find(pathlib.Path.cwd(), only)
    left = [item for item in items if item.remove]
    # LAB_YES does not count here: it answers questions, and to list is none.
    failed = collecting.remove(items) if yes else {}
    rows = [_row(item, yes, failed) for item in items]
    if as_json:
        print(json.dumps({"version": 1, "items": rows}, indent=2))
    for row in () if as_json else rows:
        line = rich.markup.escape(visible.line(f"{row['state']:8} {row['what']}: {row['why']}"))
        console.out.print(line, soft_wrap=True)
    if failed:
        reasons = "; ".join(f"{item.what}: {why}" for item, why in failed.items())
        raise errors.LeftoverError(
            f"not everything could be removed: {reasons}",
            hint="run 'lab.gc --yes' again, as the user who made it or as root",
        )
    if not as_json:
        console.out.print(_summary(len(left), yes), soft_wrap=True)
    base.leave(errors.ExitCode.NO if left and not yes else errors.ExitCode.YES)


def _row(item: collecting.Item, yes: bool, failed: dict[collecting.Item, str]) -> dict[str, str]:
    if item.remove is None:
        state = "in use"
    elif item in failed:
        state = "stays"
    else:
        state = "removed" if yes else "left"
    return {"state": state, "what": item.what, "why": item.why}


def _summary(count: int, yes: bool) -> str:
    if not count:
        return "nothing is left over"
    things = "thing" if count == 1 else "things"
    if yes:
        return f"{count} {things} removed"
    return console.wording(f"{count} {things} left over; 'lab.gc --yes' removes them")
