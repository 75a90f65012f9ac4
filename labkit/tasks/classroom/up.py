"""`class.up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.classroom import act
from labkit.classroom import host as class_hosts
from labkit.tasks import base
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    import invoke.context


@_base.task(iterable=("only",))
def up(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    host: str = "",
    jobs: int = 0,
    keep_going: bool = True,
    format: str = "",
) -> None:
    """Make, start, configure and verify the labs of all students; keeps what is there already."""
    as_json = base.wants_json(format)
    room = _base.open_class(file)
    students = _base.choose(room, only, host)
    act.preflight(room, students, class_hosts.here(room, _base.host_of(room, students)))
    how = act.How(("up",), jobs, keep_going, boots=True)
    _base.show(room, _base.run(room, students, how), as_json=as_json)
