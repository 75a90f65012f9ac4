"""`lab.exec`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import rich.markup

from labkit import console, errors, visible
from labkit.lifecycle import execute as executing
from labkit.tasks import base

if TYPE_CHECKING:
    from collections.abc import Iterable

    import invoke.context

    from labkit.ssh import session as sessions


@base.task(
    "command",
    iterable=("only",),
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
    results = executing.execute(opened, machines, command, timeout=timeout)
    if as_json:
        print(json.dumps({name: _exec_json(each) for name, each in results.items()}, indent=2))
    else:
        for name, each in results.items():
            _print_exec(name, each)
    base.leave(_exec_code(results.values()))


def _print_exec(name: str, result: sessions.Result | Exception) -> None:
    shown = result.output if not isinstance(result, Exception) else f"error: {result}"
    for line in shown.splitlines() or ["(nothing)"]:
        console.out.print(
            f"[bold]{rich.markup.escape(name)}[/] {rich.markup.escape(visible.line(line))}",
            soft_wrap=True,
        )


def _exec_json(result: sessions.Result | Exception) -> dict[str, object]:
    if isinstance(result, Exception):
        return {"error": str(result)}
    return {"output": result.output, "status": result.status}


def _exec_code(results: Iterable[sessions.Result | Exception]) -> errors.ExitCode:
    code = errors.ExitCode.YES
    for each in results:
        if isinstance(each, errors.LabError):
            return each.exit_code
        if isinstance(each, Exception):
            raise each
        if each.status:
            code = errors.ExitCode.NO
    return code
