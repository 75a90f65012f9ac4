"""One run at a time: an OS lock, and beside it a file that says who holds it.

The lock is the operating system's, so it dies with its holder, however that dies. Its file is
removed by the holder while he holds it. Who gets a lock on a file without a name holds nothing,
and tries again.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import filelock

from labkit import errors, holder, signals
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
    side = holder.side_file(base, lab)
    with signals.held():
        lock = _acquire(base, lab)
        _sweep(base, lab)
        # The lock holds without it, and on a full disk 'lab.destroy' must be able to make room.
        with contextlib.suppress(errors.LabError):
            files.write(side, holder.me(task))
    try:
        yield
    finally:
        with signals.held():
            side.unlink(missing_ok=True)
            holder.lock_file(base, lab).unlink(missing_ok=True)
            lock.release()
            with contextlib.suppress(OSError):
                base.rmdir()


def _acquire(base: pathlib.Path, lab: str) -> filelock.BaseFileLock:
    lock = filelock.FileLock(holder.lock_file(base, lab))
    deadline = time.monotonic() + holder.PATIENCE
    while True:
        try:
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            said = holder.refusal(base, lab, deadline)
            if said:
                raise errors.LockedError(said, hint=holder.HINT) from None
            time.sleep(holder.POLL)
        except OSError as error:
            # Whoever held it last may be removing the empty folder just now.
            passing = isinstance(error, (FileNotFoundError, FileExistsError))
            if not passing or time.monotonic() > deadline:
                raise files.refusal(base, error) from error
        else:
            return lock


def _sweep(base: pathlib.Path, lab: str) -> None:
    """Remove what killed runs were writing; nobody else writes now."""
    files.sweep(base, holder.side_file(base, lab).name)
    for folder in (base / lab, *(base / lab).rglob("*/")):
        files.sweep(folder)
