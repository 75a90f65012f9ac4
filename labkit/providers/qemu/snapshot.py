"""Snapshots inside a machine's own disk file, with its memory when it runs.

A running QEMU saves and loads in place, by jobs of its monitor (qapi/migration.json); the disk of a
machine that is off is written by qemu-img(1).
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers import base
from labkit.providers.qemu import monitor, program

if TYPE_CHECKING:
    import pathlib

# QEMU and qemu-img take a name for a number when a snapshot has that number, and 1 is a fine name.
_PREFIX = "labkit-"
_TIMEOUT = 600.0
"""Seconds for one machine; 512 MiB take one or two, and a slow disk or much memory longer."""

_LITTLE = 8 << 20
"""Bytes: with less room than that a disk is full."""


def found(disk: pathlib.Path) -> dict[str, base.Snapshot]:
    """Look into the disk, whether a QEMU is using it or not; other people's snapshots are not ours.

    Looking while QEMU writes is safe here: only we make it change the list, one at a time.
    """
    if not disk.exists():
        return {}
    words = ["qemu-img", "info", "--force-share", "--output=json", str(disk)]
    listed = json.loads(program.run(words)).get("snapshots", ())
    return {
        each["name"].removeprefix(_PREFIX): base.Snapshot(
            taken=each["date-sec"] + each["date-nsec"] / 1e9, running=each["vm-state-size"] > 0
        )
        for each in listed
        if each["name"].startswith(_PREFIX)
    }


def save(folder: pathlib.Path, name: str, *, running: bool) -> None:
    """Save disk and memory of a QEMU that runs or is held, which goes on as it was; else the disk.

    Raises:
        errors.ProviderError: It could not be saved.
    """
    if running:
        _job(folder, "snapshot-save", name, vmstate="root")
    else:
        _image("-c", folder, name)


def load(folder: pathlib.Path, name: str, *, running: bool) -> None:
    """Load disk and memory into a QEMU, which stays held if it was; or the disk alone.

    Raises:
        errors.ProviderError: It could not be loaded.
    """
    if running:
        _job(folder, "snapshot-load", name, vmstate="root")
    else:
        _image("-a", folder, name)


def discard(folder: pathlib.Path, name: str, *, running: bool) -> None:
    """Remove a snapshot that is there, by the QEMU that is using the disk, if one is.

    Raises:
        errors.ProviderError: It could not be removed.
    """
    if running:
        _job(folder, "snapshot-delete", name)
    else:
        _image("-d", folder, name)


def refusal(what: str, folder: pathlib.Path, error: errors.LabError) -> errors.ProviderError:
    """Return the sentence for a machine that could not be saved or brought back.

    Args:
        what: The beginning, for example "web-01 could not be saved".
        folder: The machine's.
        error: What QEMU said.
    """
    # The jobs of QEMU 7.2 call a full disk an input/output error.
    free = shutil.disk_usage(folder).free if folder.exists() else _LITTLE
    if "No space left" in error.message or free < _LITTLE:
        hint = f"make room where {folder} is, or remove a snapshot with 'lab.snapshot delete NAME'"
        return errors.ProviderError(f"{what}: the disk is full", hint=hint)
    hint = "memory fits only the hardware, the accelerator and the QEMU that it was saved with"
    hint = hint if isinstance(error, monitor.JobError) else error.hint
    return errors.ProviderError(f"{what}: {error.message}", hint=hint)


def _job(folder: pathlib.Path, command: str, name: str, **more: str) -> None:
    arguments = {"tag": f"{_PREFIX}{name}", "devices": ["root"], **more}
    monitor.job(folder / "monitor", command, arguments, timeout=_TIMEOUT)


def _image(option: str, folder: pathlib.Path, name: str) -> None:
    disk = str(folder / "disk.qcow2")
    program.run(["qemu-img", "snapshot", "-q", option, f"{_PREFIX}{name}", disk])
