"""The board as one HTML page, in the look of a report; it shows states and names, and no secret."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from labkit.events import standing
from labkit.report import html

if TYPE_CHECKING:
    from collections.abc import Sequence

    import markupsafe

    from labkit.board import roll

_SIGNS = {
    "broken": "✗",
    "working": "…",
    "up": "○",
    "verified": "✓",
    "stopped": "■",
    "absent": "·",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """One student as the page shows it; plain values only."""

    student: str
    display: str
    state: str
    sign: str
    since: str
    """The time in UTC (RFC 3339); empty when nothing is known."""
    last: str
    said: str
    """The first thing that is wrong, or the task that runs."""
    looked: str
    """How much was looked at."""


def render(name: str, rows: Sequence[roll.Row], *, made: float, live: bool) -> str:
    """Return the page.

    Args:
        name: The class's name.
        rows: Its students.
        made: When it is rendered, in seconds since 1970.
        live: Whether a server shows it, which the page then asks again and again.
    """
    places = sorted((_place(row) for row in rows), key=_order)
    counts = {state: sum(each.state == state for each in places) for state in standing.STATES}
    style, script = _parts()
    return html.template("board.html.j2").render(
        name=name,
        places=places,
        counts=counts,
        made=_time(int(made)),
        live=live,
        style=style,
        script=script,
        signs=_SIGNS,
        policy=policy(live=live),
    )


def policy(*, live: bool) -> str:
    """Return the page's Content Security Policy; a page that is served may ask for itself anew."""
    style, script = _parts()
    given = html.policy((style,), script)
    return f"{given}; connect-src 'self'" if live else given


def _parts() -> tuple[markupsafe.Markup, markupsafe.Markup]:
    return html.ours("report.css") + html.ours("board.css"), html.ours("board.js")


def _place(row: roll.Row) -> Place:
    now = row.standing
    state = "broken" if row.alarm else now.state
    said = f"events: {row.alarm}" if row.alarm else now.first or now.task
    looked = f"{now.total - now.failed} of {now.total}" if now.total else ""
    return Place(
        row.desk.student, row.desk.display, state, _SIGNS[state],
        _time(now.since), _time(now.last), said, looked,
    )  # fmt: skip


def _order(place: Place) -> tuple[int, str]:
    return standing.STATES.index(place.state), place.student


def _time(seconds: int) -> str:
    """Return a time; a lab's clock may say anything."""
    if not seconds:
        return ""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "?"
