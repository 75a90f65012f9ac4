"""Snapshots of one machine, with its memory when it runs (VBoxManage snapshot)."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from labkit.providers import base
from labkit.providers.virtualbox import info, manage

if TYPE_CHECKING:
    from collections.abc import Mapping

# A name that looks like a UUID would be taken for one.
_PREFIX = "labkit-"
_TIMEOUT = 900.0
"""Seconds for one machine; removing a snapshot copies what has changed since."""
_ABOUT = re.compile(r"labkit (?P<taken>\d+\.\d+) (?P<how>running|off)")


def found(machine: str) -> dict[str, base.Snapshot]:
    """Look for a machine's snapshots; those of other people are not ours."""
    settings = info.settings(manage.run("showvminfo", machine, "--machinereadable"))
    return listed(settings)


def listed(settings: Mapping[str, str]) -> dict[str, base.Snapshot]:
    """Return the snapshots that a machine's settings name; each says when and how it was taken."""
    saved: dict[str, base.Snapshot] = {}
    for key, name in settings.items():
        about = _ABOUT.fullmatch(settings.get(key.replace("Name", "Description", 1), ""))
        if key.startswith("SnapshotName") and name.startswith(_PREFIX) and about:
            snapshot = base.Snapshot(float(about["taken"]), about["how"] == "running")
            saved[name.removeprefix(_PREFIX)] = snapshot
    return saved


def save(machine: str, name: str, *, running: bool) -> None:
    """Save a machine; one that is held stays so."""
    about = f"labkit {time.time():.3f} {'running' if running else 'off'}"
    words = ("snapshot", machine, "take", f"{_PREFIX}{name}", "--description", about)
    manage.run(*words, timeout=_TIMEOUT)


def load(machine: str, name: str) -> None:
    """Bring a machine that is off back; one that ran waits to be started."""
    manage.run("snapshot", machine, "restore", f"{_PREFIX}{name}", timeout=_TIMEOUT)


def discard(machine: str, name: str) -> None:
    """Remove a snapshot that is there."""
    manage.run("snapshot", machine, "delete", f"{_PREFIX}{name}", timeout=_TIMEOUT)
