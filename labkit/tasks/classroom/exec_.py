"""`class.exec`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import rich.markup

from labkit import console, visible
from labkit.classroom import act, queue
from labkit.tasks import base
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import invoke.context


@_base.task(
    "command",
    iterable=("only",),
    private=("command",),
    command="the command, for a POSIX shell, run as root on every machine",
    timeout="seconds that it may take",
)
def exec_(
    _: invoke.context.Context,
    command: str,
    only: list[str],
    file: str = "",
    host: str = "",
    jobs: int = 0,
    keep_going: bool = True,
    timeout: int = 600,
    format: str = "",
) -> None:
    """Run a command on all machines of all students; exits 1 when it fails on one."""
    as_json = base.wants_json(format)
    room = _base.open_class(file)
    students = _base.choose(room, only, host)
    words = ("exec", f"--command={command}", f"--timeout={timeout}")
    outcomes = _base.run(room, students, act.How(words, jobs, keep_going))
    if as_json:
        print(json.dumps(_base.document(room, outcomes), indent=2))
        base.leave(queue.worst(outcomes))
        return
    for line in _output(outcomes):
        console.out.print(rich.markup.escape(line), soft_wrap=True)
    _base.show(room, outcomes, as_json=False)


def _output(outcomes: Mapping[str, queue.Outcome]) -> Iterator[str]:
    for name, outcome in outcomes.items():
        document: object = outcome.document
        if not isinstance(document, dict):
            continue
        for machine, answer in cast("dict[str, dict[str, Any]]", document).items():
            for line in str(answer.get("output", "")).splitlines():
                yield f"{name} {machine} {visible.line(line)}"
