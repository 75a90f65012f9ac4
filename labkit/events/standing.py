"""How a lab stands after its events. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit.events import model

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES = ("broken", "working", "up", "verified", "stopped", "absent")
"""What needs a teacher comes first."""
_SETTLED: Mapping[str, str] = {"lab.halt": "stopped", "lab.start": "up", "lab.up": "up"}
"""What a task leaves that has ended well, when no report says more."""


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """How a lab stands."""

    state: str = "absent"
    since: int = 0
    """Seconds since 1970 by the lab's host; of the state, not of the last event."""
    task: str = ""
    """The task that is running."""
    first: str = ""
    """The first thing that is not as it should be."""
    failed: int = 0
    total: int = 0
    """Of what was looked at."""
    last: int = 0
    """When the last event was."""
    before: str = ""
    """The state to which a task that changes nothing goes back."""


NOTHING = Standing()


def after(old: Standing, event: model.Event) -> Standing:
    """Return how the lab stands after one more event."""
    now = dataclasses.replace(old, last=event.at)
    said = event.said
    if event.kind == model.Kind.BEGIN:
        before = old.before if old.state == "working" else old.state
        now = dataclasses.replace(now, task=str(said["task"]), before=before)
        return _into(now, "working", event.at)
    if event.kind == model.Kind.REPORT:
        now = dataclasses.replace(now, failed=int(said["failed"]), total=int(said["total"]))
        if said["ok"]:
            return _into(dataclasses.replace(now, first=""), "verified", event.at)
        where = " ".join(filter(None, (str(said["machine"]), str(said["check"]))))
        first = ": ".join(filter(None, (where, str(said["subject"]))))
        return _into(dataclasses.replace(now, first=first), "broken", event.at)
    return _ended(dataclasses.replace(now, task=""), event)


def _ended(now: Standing, event: model.Event) -> Standing:
    task, code = str(event.said["task"]), int(event.said["code"])
    if now.state != "working":  # a report has said it already
        return now
    if code:
        first = f"{task} ended with exit code {code}"
        return _into(dataclasses.replace(now, first=first), "broken", event.at)
    settled = _SETTLED.get(task, now.before or "absent")
    first = now.first if settled == "broken" else ""
    return _into(dataclasses.replace(now, first=first), settled, event.at)


def _into(now: Standing, state: str, at: int) -> Standing:
    return now if now.state == state else dataclasses.replace(now, state=state, since=at)
