"""`lab.snapshot`."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import rich.table
from invoke.parser import argument

from labkit import console, errors
from labkit.lifecycle import restore
from labkit.lifecycle import snapshot as snapshots
from labkit.spec import words
from labkit.tasks import base

if TYPE_CHECKING:
    from collections.abc import Callable

    import invoke.context

    from labkit.lifecycle import context, groups

_DO: dict[str, tuple[Callable[[context.Context, str], None], str]] = {
    "save": (snapshots.save, "saved"),
    "restore": (restore.restore, "went back to"),
    "delete": (snapshots.delete, "removed"),
}


class _Name(argument.Argument):
    """The name, which `list` does not take: Invoke knows no positional argument of that kind."""

    action: argument.Argument

    @property
    def value(self) -> Any:  # noqa: ANN401 - as Invoke has it
        """What was given, or nothing where nothing has to be."""
        given = super().value
        return "" if given is None and self.action.value == "list" else given

    @value.setter
    def value(self, arg: str) -> None:
        self.set_value(arg)


@base.task(
    "action",
    "name",
    action="save, restore, list or delete",
    name="the snapshot; 'list' takes none",
)
def snapshot(
    _: invoke.context.Context,
    action: str,
    name: str,
    file: str = "",
    provider: str = "",
    format: str = "",
) -> None:
    """Save all machines at one moment, go back there, or list or delete what was saved."""
    as_json = base.wants_json(format)
    if action != "list" and action not in _DO:
        raise errors.LabError(
            f"a snapshot cannot be told to {words.show(action)}",
            hint=words.nearest(action, ["list", *_DO], otherwise="it can be told to:"),
        )
    opened = base.open_lab(file, provider)
    if action == "list":
        _list(opened, as_json=as_json)
        return
    do, done = _DO[action]
    with opened.hold("lab.snapshot"):
        base.log(opened)
        do(opened, name)
    if as_json:
        print(json.dumps({"version": 1, "lab": opened.lab.name, action: name}, indent=2))
    else:
        console.out.print(f"{done} snapshot '{name}' of lab '{opened.lab.name}'", soft_wrap=True)


def _arguments(ignore_unknown_help: bool | None = None) -> list[argument.Argument]:
    """Return Invoke's own arguments with the name in the place of one that is always needed."""
    found: dict[str, argument.Argument] = {each.name: each for each in _plain(ignore_unknown_help)}
    plain = found["name"]
    name = _Name(names=plain.names, help=plain.help, positional=True)
    name.action = found["action"]
    return list({**found, "name": name}.values())


_plain = snapshot.get_arguments
snapshot.get_arguments = _arguments


def _list(opened: context.Context, *, as_json: bool) -> None:
    known = snapshots.look(opened)
    if as_json:
        listed = [_document(group) for group in known.values()]
        document = {"version": 1, "lab": opened.lab.name, "snapshots": listed}
        print(json.dumps(document, indent=2))
        return
    if not known:
        console.out.print(f"lab '{opened.lab.name}' has no snapshots")
        return
    table = rich.table.Table("snapshot", "saved", "machines")
    for group in known.values():
        table.add_row(group.name, _when(group).strftime("%Y-%m-%d %H:%M:%S"), _states(group))
    console.out.print(table)


def _document(group: groups.Group) -> dict[str, object]:
    machines = {
        name: "running" if each.running else "stopped" for name, each in group.machines.items()
    }
    return {"name": group.name, "saved": _when(group).isoformat(), "machines": machines}


def _states(group: groups.Group) -> str:
    running = sum(each.running for each in group.machines.values())
    return f"{len(group.machines)}, {running} of them running"


def _when(group: groups.Group) -> dt.datetime:
    return dt.datetime.fromtimestamp(group.taken).astimezone().replace(microsecond=0)
