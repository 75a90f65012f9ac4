"""One run at a time: the lock of a lab as tasks take it; `labkit.claim` has the means."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from labkit import claim, errors, signals
from labkit.workspace import files

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator


@contextlib.contextmanager
def hold(base: pathlib.Path, lab: str, task: str) -> Generator[None]:
    """Hold a lab, whose folder is in `base`, for one run.

    Raises:
        errors.LockedError: Another run holds it; the message names it.
        errors.LabError: The disk does not take a lock.
    """
    with signals.held():
        try:
            claimed = claim.adopt(base, lab) or claim.take(base, lab)
        except OSError as error:
            raise files.refusal(base, error) from error
        if isinstance(claimed, str):
            raise errors.LockedError(claimed, hint=claim.HINT)
        claimed.sign(task)
        _sweep(base, lab)
    try:
        yield
    finally:
        with signals.held():
            claimed.release()


def _sweep(base: pathlib.Path, lab: str) -> None:
    """Remove what killed runs were writing; nobody else writes now."""
    for folder in (base / lab, *(base / lab).rglob("*/")):
        files.sweep(folder)
