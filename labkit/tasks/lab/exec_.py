"""`lab.exec`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import rich.markup

from labkit import console, errors, visible
from labkit.lifecycle import execute as executing
from labkit.tasks import base

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import invoke.context

    from labkit.ssh import session as sessions


@base.task(
    "command",
    iterable=("only",),
    private=("command",),
    command="the command, for a POSIX shell, run as root",
    timeout="seconds that it may take",
)
def exec_(
    _: invoke.context.Context,
    command: str,
    only: list[str],
    file: str = "",
    timeout: int = 600,
    format: str = "",
) -> None:
    """Run a command on all machines at once; exits 1 when it fails on one."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file)
    machines = opened.choose(base.chosen(only))
    opened.require_up()
    base.log(opened)
    if as_json:
        results = executing.execute(opened, machines, command, timeout=timeout)
        print(json.dumps({name: _exec_json(each) for name, each in results.items()}, indent=2))
    else:
        width = max(len(machine.name) for machine in machines)

        def heard(machine: str, line: str) -> None:
            text = rich.markup.escape(visible.line(line))
            name = rich.markup.escape(f"{machine:{width}}")
            console.out.print(f"[bold]{name}[/] {text}", soft_wrap=True)

        results = executing.execute(opened, machines, command, timeout=timeout, heard=heard)
        for line in summary(results):
            console.err.print(rich.markup.escape(line), soft_wrap=True)
    base.leave(_exec_code(results.values()))


def summary(results: Mapping[str, sessions.Result | Exception]) -> list[str]:
    """Say on how many machines it went well, and name the others."""
    errors_ = {name: each for name, each in results.items() if isinstance(each, Exception)}
    failed = {
        name: each.status
        for name, each in results.items()
        if not isinstance(each, Exception) and each.status
    }
    lines = [f"{name}: {visible.line(str(error))}" for name, error in errors_.items()]
    parts = [f"ok on {len(results) - len(failed) - len(errors_)}"]
    if failed:
        named = ", ".join(f"{name} ({status})" for name, status in failed.items())
        parts.append(f"failed on {len(failed)}: {named}")
    if errors_:
        parts.append(f"no answer from {len(errors_)}: {', '.join(errors_)}")
    return [*lines, "; ".join(parts)]


def _exec_json(result: sessions.Result | Exception) -> dict[str, object]:
    if isinstance(result, Exception):
        return {"error": str(result)}
    return {"output": result.output, "status": result.status}


def _exec_code(results: Iterable[sessions.Result | Exception]) -> errors.ExitCode:
    found = list(results)
    failed = any(not isinstance(each, Exception) and each.status for each in found)
    return base.worst(found) or (errors.ExitCode.NO if failed else errors.ExitCode.YES)
