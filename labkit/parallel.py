"""Do the same for many machines at once; one that fails does not stop the others."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Item = TypeVar("Item")
Done = TypeVar("Done")

AT_ONCE = 32
"""Threads; they wait for machines far more than they work."""


def each(
    items: Mapping[str, Item], do: Callable[[Item], Done], *, at_once: int = AT_ONCE
) -> dict[str, Done | Exception]:
    """Call `do` for every item in threads; return what it returned, or what it raised, by name.

    The threads are daemons: Ctrl-C ends the program at once instead of waiting for the slowest.
    """
    results: dict[str, Done | Exception] = {}
    places = threading.Semaphore(at_once)

    def run(name: str, item: Item) -> None:
        with places:
            try:
                results[name] = do(item)
            except Exception as error:  # noqa: BLE001 - handed to the caller, who decides
                results[name] = error

    threads = [
        threading.Thread(target=run, args=pair, name=pair[0], daemon=True) for pair in items.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: results[name] for name in items}


def raise_first(results: Mapping[str, object]) -> None:
    """Raise the first error among what `each` returned, for verbs that report nothing else."""
    for result in results.values():
        if isinstance(result, Exception):
            raise result
