"""`class.reset`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.classroom import act
from labkit.tasks import base
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    import invoke.context


@_base.task(iterable=("only",))
def reset(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    host: str = "",
    jobs: int = 0,
    keep_going: bool = True,
    format: str = "",
) -> None:
    """Go back to the state right after the last good verify; what was done since is lost."""
    as_json = base.wants_json(format)
    room = _base.open_class(file)
    students = _base.choose(room, only, host)
    how = act.How(("reset",), jobs, keep_going, boots=True)
    _base.show(room, _base.run(room, students, how), as_json=as_json)
