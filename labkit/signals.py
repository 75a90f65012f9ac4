"""Ctrl-C, SIGTERM and SIGHUP end a run once, and cleanly; a second one does not break the clean-up.

The first one raises KeyboardInterrupt in the main thread, where tasks run. Threads that work for it
are told by `stop`, and ask `check` before each act.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Generator, Iterable

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
_INTERRUPTED = 130


class Stopped(Exception):  # noqa: N818 - a thread is asked to end; nothing went wrong
    """The run is being interrupted, and this thread was about to begin something."""


class _State:
    stopping = False
    held = 0
    late: int | None = None
    """A signal that came while none may break in."""


_STOPPED: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


def early(clean: Callable[[], None] = lambda: None) -> None:
    """Until a task begins, nothing has been made: clean up in a moment, and end at once."""

    def leave(number: int, frame: types.FrameType | None) -> None:
        del frame
        if _State.held:
            _State.late = number
            return
        clean()
        os._exit(_INTERRUPTED)

    for number in _numbers():
        signal.signal(number, leave)


@contextlib.contextmanager
def once() -> Generator[None]:
    """Let the first signal raise KeyboardInterrupt in the body, and no further one."""
    before = {number: signal.getsignal(number) for number in _numbers()}
    _State.stopping, _State.late = False, None
    for number in before:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        _State.late = None
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def held() -> Generator[None]:
    """Let no signal break in between an act and the note that it was done; it comes afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python runs handlers in the main thread only
        return
    _State.held += 1
    try:
        yield
    finally:
        _State.held -= 1
    if _State.late is not None and not _State.held:
        number, _State.late = _State.late, None
        signal.raise_signal(number)


def stop(threads: Iterable[threading.Thread]) -> None:
    """Let threads begin nothing more."""
    _STOPPED.update(threads)


def check(thread: threading.Thread | None = None) -> None:
    """Keep a thread that was stopped from beginning anything.

    Args:
        thread: The one that another one works for; without it, the current one.

    Raises:
        Stopped: It was.
    """
    if (thread or threading.current_thread()) in _STOPPED:
        raise Stopped


def _numbers() -> list[signal.Signals]:
    """Return the signals that this process listens to: nohup(1) and shells have some ignored."""
    found = (getattr(signal, name, None) for name in _NAMES)
    return [each for each in found if each and signal.getsignal(each) is not signal.SIG_IGN]


def _stop(number: int, frame: types.FrameType | None) -> None:
    # Not SIG_IGN for the ones after the first: children would inherit that (exec(3)).
    del frame
    if _State.stopping:
        return
    if _State.held:
        _State.late = number
        return
    _State.stopping = True
    raise KeyboardInterrupt
