"""A lab is one run's at a time: an OS lock, and beside it a file that says whose.

Imported before anything slow, so that a second run is refused at once.

The lock is the operating system's, so it dies with its holder, however that dies. Its file is
removed by the holder while he holds it. Who gets a lock on a file without a name holds nothing,
and tries again.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from labkit import signals

if TYPE_CHECKING:
    import pathlib

    import filelock

HINT = "wait until it has finished, or stop that process"
_PATIENCE = 0.5
"""Seconds that a holder has to say who he is, and one who is leaving to be gone."""
_POLL = 0.01


class Claim:
    """A lab that this process holds."""

    def __init__(self, base: pathlib.Path, lab: str, lock: filelock.BaseFileLock) -> None:
        """Keep what was locked; `base` is the folder `.lab`."""
        self.base, self.lab, self._lock = base, lab, lock

    def sign(self, task: str) -> None:
        """Say who holds the lab; where the disk does not take that, the lock holds all the same."""
        start = time.strftime("%Y-%m-%d %H:%M:%S")
        who = {"task": task, "pid": os.getpid(), "host": _host(), "start": start}
        side = _side(self.base, self.lab)
        new = side.with_name(f".{side.name}.new")  # who holds the lab is the only one to write it
        try:
            new.write_text(json.dumps(who), encoding="utf-8")
            new.replace(side)
        except OSError:  # on a full disk 'lab.destroy' must be able to make room
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)

    def release(self) -> None:
        """Leave nothing behind; a second call does nothing."""
        if not self._lock.is_locked:
            return
        with contextlib.suppress(OSError):
            _side(self.base, self.lab).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # Windows keeps the file, since it is open
            _file(self.base, self.lab).unlink(missing_ok=True)
        self._lock.release()
        with contextlib.suppress(OSError):
            self.base.rmdir()


class _Early:
    """What was claimed before the task that it is for has begun."""

    claim: Claim | None = None


def early(base: pathlib.Path, lab: str, task: str) -> str | None:
    """Claim a lab for a task that is about to begin; return what to say when another run holds it.

    What no task adopts is let go at the end.
    """
    atexit.register(let_go)
    with signals.held():
        try:
            claimed = take(base, lab)
        except OSError:
            return None  # the task will meet it too, and say so
        if isinstance(claimed, str):
            return claimed
        _Early.claim = claimed
        claimed.sign(task)
    return None


def adopt(base: pathlib.Path, lab: str) -> Claim | None:
    """Return the claim that was made early, if it is on this lab."""
    claimed = _Early.claim
    if claimed is None or (claimed.base, claimed.lab) != (base, lab):
        return None
    _Early.claim = None
    return claimed


def let_go() -> None:
    """Release what was claimed early and not adopted."""
    if _Early.claim:
        _Early.claim.release()
        _Early.claim = None


def take(base: pathlib.Path, lab: str) -> Claim | str:
    """Take the lock, or return what to say when another run has it.

    Raises:
        OSError: The disk does not take a lock.
    """
    import filelock  # noqa: PLC0415 - slow to import, and only tasks that change a lab hold it

    lock = filelock.FileLock(_file(base, lab), is_singleton=False)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            said = _refusal(base, lab, deadline)
            if said:
                return said
        except (FileNotFoundError, FileExistsError):
            # Whoever held it last may be removing the empty folder just now.
            if time.monotonic() > deadline:
                raise
        else:
            return Claim(base, lab, lock)
        time.sleep(_POLL)


def _refusal(base: pathlib.Path, lab: str, deadline: float) -> str | None:
    """Return what to say about the holder; None while he has not said yet who he is."""
    who = _read(_side(base, lab))
    if who:
        by = f"'{who['task']}' of process {who['pid']} on {who['host']}, since {who['start']}"
        return f"lab '{lab}' is in use: {by}"
    if time.monotonic() > deadline:
        return f"lab '{lab}' is in use: by another process"
    return None


def _file(base: pathlib.Path, lab: str) -> pathlib.Path:
    return base / f"{lab}.lock"


def _side(base: pathlib.Path, lab: str) -> pathlib.Path:
    return base / f"{lab}.holder.json"


def _read(side: pathlib.Path) -> dict[str, Any] | None:
    """Return what the holder has written; a killed one may have left his name."""
    try:
        who: dict[str, Any] = json.loads(side.read_text(encoding="utf-8"))
        known = {key: who[key] for key in ("task", "pid", "host", "start")}
        return known if _is_alive(known) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_alive(who: dict[str, Any]) -> bool:
    """Say whether the process exists, as far as that can be seen from this host."""
    if os.name != "posix" or who["host"] != _host():
        return True
    try:
        os.kill(who["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _host() -> str:
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "this host")
    return os.uname().nodename
