"""Who holds a lab: read from the file beside its lock. Imports nothing that is slow."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    import pathlib

PATIENCE = 0.5
"""Seconds that a holder has to say who he is, and one who is leaving to be gone."""
POLL = 0.01
HINT = "wait until it has finished, or stop that process"


def lock_file(base: pathlib.Path, lab: str) -> pathlib.Path:
    """Return the file that is locked; `base` is the folder `.lab`."""
    return base / f"{lab}.lock"


def side_file(base: pathlib.Path, lab: str) -> pathlib.Path:
    """Return the file that says who holds the lock."""
    return base / f"{lab}.holder.json"


def me(task: str) -> str:
    """Return what this process writes about itself."""
    start = time.strftime("%Y-%m-%d %H:%M:%S")
    return json.dumps({"task": task, "pid": os.getpid(), "host": _host(), "start": start})


def refusal(base: pathlib.Path, lab: str, deadline: float) -> str | None:
    """Return what to say when the lab is held; None until its holder has said who he is.

    Args:
        base: The folder `.lab`.
        lab: The lab's name.
        deadline: The moment (monotonic) from which on it need not be said who.
    """
    who = _read(side_file(base, lab))
    if who:
        by = f"'{who['task']}' of process {who['pid']} on {who['host']}, since {who['start']}"
        return f"lab '{lab}' is in use: {by}"
    if time.monotonic() > deadline:
        return f"lab '{lab}' is in use: by another process"
    return None


def look(base: pathlib.Path, lab: str) -> str | None:
    """Return what to say when another run holds a lab; takes and changes nothing."""
    deadline = time.monotonic() + PATIENCE
    while _is_held(lock_file(base, lab)):
        said = refusal(base, lab, deadline)
        if said:
            return said
        time.sleep(POLL)
    return None


def _is_held(path: pathlib.Path) -> bool:
    if sys.platform == "win32":
        return False  # cannot look without making the file; who takes the lock finds out
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


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
