"""`lab.logs`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from labkit import console, errors, log, shell, visible
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(
    machine="show the end of this machine's console instead",
    lines="lines of the console",
    format="table for people, json for the log as it is (LAB_FORMAT)",
)
def logs(
    _: invoke.context.Context, machine: str = "", lines: int = 40, file: str = "", format: str = ""
) -> None:
    """Show what the last run told and ran, or a machine's console."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file)
    if machine:
        (target,) = opened.choose([machine])
        print(opened.provider.console_tail(target, lines))
        return
    found = log.logs(opened.space.logs)
    if not found:
        raise errors.LabError(
            f"lab '{opened.lab.name}' has no logs", hint="'lab.up' writes the first one"
        )
    text = found[0].read_text(encoding="utf-8")
    if as_json:
        print(text, end="")
        return
    console.err.print(str(found[0]), soft_wrap=True)
    for line in text.splitlines():
        print(visible.line(readable(cast("dict[str, Any]", json.loads(line)))))


def readable(entry: dict[str, Any]) -> str:
    """Write one line of a log for people."""
    when = str(entry["time"])[11:19]
    machine = f"{entry['machine']}: " if entry.get("machine") else ""
    failed = f"; {entry['error']}" if entry.get("error") else ""
    match entry["kind"]:
        case "begin":
            return f"{when} {entry['task']}, labkit {entry['version']}"
        case "end":
            return f"{when} ended with {entry['code']}{failed}"
        case "told":
            return f"{when} {machine}{entry['text']}"
        case _:
            what = shell.argv(*entry["argv"]) if "argv" in entry else str(entry.get("label"))
            status = "" if entry.get("status") in {0, None} else f", status {entry['status']}"
            return f"{when} {machine}$ {what} ({entry.get('seconds')} s{status}){failed}"
