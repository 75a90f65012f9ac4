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


def correct(session: sessions.Session) -> None:
    """Set a machine's clock.

    Raises:
        errors.UnreachableError: It does not answer.
    """
    # The host's time, not a difference: nothing has to be asked first, and the way is short.
    session.run(shell.line("date -s {}", f"@{time.time():.2f}"), timeout=_TIMEOUT, label="clock")


def reach(
    waiting: Sequence[sessions.Session], narrate: Callable[[str, str], None]
) -> Mapping[str, Exception | None]:
    """Open the sessions of machines that go on, and set their clocks; return who did not, and why.

    Args:
        waiting: Sessions that are not open yet.
        narrate: Told (machine, sentence).
    """

    def run(session: sessions.Session) -> None:
        name = session.endpoint.machine
        sessions.wait(session, timeout=_TIMEOUT, narrate=lambda text: narrate(name, text))
        correct(session)

    return parallel.each({each.endpoint.machine: each for each in waiting}, run)
