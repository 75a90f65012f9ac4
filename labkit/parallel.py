"""Do the same for many machines at once; one that fails does not stop the others."""

from __future__ import annotations

import collections
import contextlib
import functools
import sys
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from labkit import child, signals

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

Item = TypeVar("Item")
Done = TypeVar("Done")

AT_ONCE = 32
"""Threads; they wait for machines far more than they work."""
_TURN = 0.0005
"""Seconds that a thread goes on while another one could; by default 0.005."""
_MOMENT = 3.0
"""Seconds that threads have to come to an end when the run is interrupted."""


def each(
    items: Mapping[str, Item],
    do: Callable[[Item], Done],
    *,
    at_once: int = AT_ONCE,
    meanwhile: Callable[[], object] = lambda: None,
) -> dict[str, Done | Exception]:
    """Call `do` for every item in threads; return what it returned, or what it raised, by name.

    Items begin in their order, each as soon as one of `at_once` threads is free. When the run is
    interrupted, the programs that threads wait for are ended, no thread begins anything more, and
    each one has a moment to write down what it has done. The threads are daemons, so that the
    program ends even when one waits for a machine that says nothing.

    Args:
        items: What to do it for.
        do: What to do.
        at_once: Threads.
        meanwhile: Called once while they run, to get ready what all of them will ask for. Who asks
            meets what it raises.
    """
    results: dict[str, Done | Exception] = {}
    waiting = collections.deque(items.items())

    def work() -> None:
        while waiting:
            try:
                name, item = waiting.popleft()
            except IndexError:  # another thread took the last one
                return
            threading.current_thread().name = name
            try:
                signals.check()
                results[name] = do(item)
            except Exception as error:  # noqa: BLE001 - handed to the caller, who decides
                results[name] = error

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(at_once, len(items)))]
    try:
        for thread in threads:
            thread.start()
        with _short_turns(), contextlib.suppress(Exception):
            meanwhile()
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        signals.stop(threads)
        child.stop()
        _wait(threads)
        raise
    return {name: results[name] for name in items}


@contextlib.contextmanager
def _short_turns() -> Generator[None]:
    """Let a thread that hears from its machine, and has little to do then, wait less for its turn.

    Not for longer than this thread works: many threads that take turns so often cost a tenth more.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def once(do: Callable[[], Done]) -> Callable[[], Done]:
    """Return what calls `do` for the first thread that asks, and gives all others its result.

    They wait for it. What it raises goes to the one that asked, and the next one tries again.
    """
    lock, cached = threading.Lock(), functools.cache(do)

    def ask() -> Done:
        with lock:
            return cached()

    return ask


def _wait(threads: Sequence[threading.Thread]) -> None:
    deadline = time.monotonic() + _MOMENT
    for thread in threads:
        if thread.ident is not None:  # it has been started
            thread.join(max(0.0, deadline - time.monotonic()))


def raise_first(results: Mapping[str, object]) -> None:
    """Raise the first error among what `each` returned, for verbs that report nothing else."""
    for result in results.values():
        if isinstance(result, Exception):
            raise result
