"""The host's time, given to machines."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from labkit import errors
from labkit.lifecycle import clock
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from typing import TypeAlias

    import pytest

    from labkit.lifecycle import context

    # Classes of conftest.py, which tests do not import.
    Double: TypeAlias = Any


def test_the_time_is_the_hosts(
    lab: context.Context, session: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def run(_: object, script: str, **_options: object) -> sessions.Result:
        sent.append(script)
        return sessions.Result("", 0)

    monkeypatch.setattr(session, "run", run)
    opened = [lab.session(machine) for machine in lab.lab.machines]
    before = time.time()
    assert clock.reach(opened, lab.progress.tell) == {"ansible-01": None, "web-01": None}
    assert session.still_open == 2
    assert len(sent) == 2
    for script in sent:
        found = re.fullmatch(r"date -s @(\d+\.\d\d) 2>/dev/null \|\| date -s @\d+", script)
        assert found
        assert before - 0.01 <= float(found[1]) <= time.time() + 0.01


def test_one_that_does_not_answer_stops_no_other(lab: context.Context, session: Double) -> None:
    session.down = ("web-01",)
    found = clock.reach([lab.session(each) for each in lab.lab.machines], lab.progress.tell)
    assert found["ansible-01"] is None
    assert isinstance(found["web-01"], errors.UnreachableError)


def test_one_that_does_not_take_the_time(
    lab: context.Context, session: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_: object, script: str, **_options: object) -> sessions.Result:
        del script
        return sessions.Result("date: cannot set date: Operation not permitted\n", 1)

    monkeypatch.setattr(session, "run", run)
    error = clock.reach([lab.session(lab.lab.machines[0])], lab.progress.tell)["ansible-01"]
    assert isinstance(error, errors.LabError)
    assert error.message == (
        "ansible-01 does not take the host's time: date: cannot set date: Operation not permitted"
    )
    assert error.hint == "'lab.verify --only ansible-01' says how far its clock is off"
