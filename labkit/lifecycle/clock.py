"""Give a machine the host's time: its own stood still while it was held, or saved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from labkit import parallel, shell
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TIMEOUT = 60.0
"""Seconds; a machine that goes on where it was answers at once."""


def command() -> str:
    """Return the shell text that gives a machine the time of now, to be sent at once.

    The host's time, not a difference: nothing has to be asked first, and the way is short.
    """
    return shell.line("date -s {}", f"@{time.time():.2f}")


def correct(session: sessions.Session) -> None:
    """Set a machine's clock.

    Raises:
        errors.UnreachableError: It does not answer.
    """
    session.run(command(), timeout=_TIMEOUT, label="clock")


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
