"""`class.verify`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors
from labkit.classroom import act, unique
from labkit.tasks import base
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    import invoke.context


@_base.task(iterable=("only",))
def verify(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    host: str = "",
    jobs: int = 0,
    keep_going: bool = True,
    format: str = "",
) -> None:
    """Prove that the running labs are what the lab file says, and that no two share a key."""
    as_json = base.wants_json(format)
    room = _base.open_class(file)
    students = _base.choose(room, only, host)
    outcomes = dict(_base.run(room, students, act.How(("verify",), jobs, keep_going)))
    for name, reason in unique.repeated(room).items():
        if name in outcomes and not outcomes[name].code:
            code = int(errors.ExitCode.NO)
            outcomes[name] = dataclasses.replace(outcomes[name], code=code, reason=reason)
    _base.show(room, outcomes, as_json=as_json)
