"""Give a machine the host's time: its own stood still while it was held, or saved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from labkit import errors, parallel, shell
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TIMEOUT = 60.0
"""Seconds; a machine that goes on where it was answers at once."""


def command() -> str:
    """Return the shell text that gives a machine the time of now, to be sent at once.

    The host's time, not a difference: nothing has to be asked first, and the way is short. The date
    of busybox knows whole seconds only.
    """
    now = time.time()
    return shell.line("date -s {} 2>/dev/null || date -s {}", f"@{now:.2f}", f"@{now:.0f}")


def correct(session: sessions.Session) -> None:
    """Set a machine's clock.

    Raises:
        errors.UnreachableError: It does not answer.
        errors.LabError: It does not take the time.
    """
    result = session.run(command(), timeout=_TIMEOUT, label="clock")
    if result.status:
        raise errors.LabError(
            f"{session.endpoint.machine} does not take the host's time: {result.output.strip()}",
            hint=f"'lab.verify --only {session.endpoint.machine}' says how far its clock is off",
        )


def wait(session: sessions.Session, narrate: Callable[[str, str], None]) -> None:
    """Open the session of a machine that goes on where it was.

    Args:
        session: A session that is not open yet.
        narrate: Told (machine, sentence).

    Raises:
        errors.UnreachableError: It does not answer.
    """
    name = session.endpoint.machine
    sessions.wait(session, timeout=_TIMEOUT, narrate=lambda text: narrate(name, text))


def reach(
    waiting: Sequence[sessions.Session], narrate: Callable[[str, str], None]
) -> Mapping[str, Exception | None]:
    """Open the sessions of machines that go on, and set their clocks; return who did not, and why.

    Args:
        waiting: Sessions that are not open yet.
        narrate: Told (machine, sentence).
    """

    def run(session: sessions.Session) -> None:
        wait(session, narrate)
        correct(session)

    return parallel.each({each.endpoint.machine: each for each in waiting}, run)
