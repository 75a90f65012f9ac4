"""Ask a machine that may still be booting, until it answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from labkit import errors
from labkit.ssh import trouble

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

_PAUSE = 0.5
"""Seconds between two tries."""


def until(
    ask: Callable[[float], Answer],
    *,
    timeout: float,
    narrate: Callable[[str], None],
    alive: Callable[[], None],
) -> Answer:
    """Return the first answer. A try that begins when the time is up is the last one.

    Args:
        ask: Called with the seconds that are left, which may be less than none.
        timeout: Seconds after which to give up.
        narrate: Told whenever the last answer changes.
        alive: Raises when waiting has become pointless, for example when the machine died.

    Raises:
        errors.UnreachableError: There was none in time; says what was heard last.
    """
    deadline = time.monotonic() + timeout
    last = ""
    while True:
        alive()
        remaining = deadline - time.monotonic()
        try:
            return ask(remaining)
        except errors.UnreachableError as error:
            # A wrong host key does not become right by waiting.
            if isinstance(error, trouble.AnotherKeyError) or remaining <= 0:
                raise
            if error.message != last:
                last = error.message
                narrate(f"waiting for SSH: {last}")
            time.sleep(_PAUSE)
