"""The QEMU processes of a lab: found by their machine's UUID, ended by their id."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import pathlib
    import uuid
    from collections.abc import Iterable

_GRACE = 3.0
"""Seconds that a process has to end by itself before it is killed."""


def of(machine: uuid.UUID, pid_file: pathlib.Path) -> psutil.Process | None:
    """Return the machine's process by its pid file; the number alone may be somebody else's."""
    try:
        process = psutil.Process(int(pid_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, psutil.Error):
        return None
    return process if is_of(machine, process) else None


def is_of(machine: uuid.UUID, process: psutil.Process) -> bool:
    """Say whether a process is the QEMU of a machine."""
    try:
        words = process.cmdline()
        # The option before it, so that a person's 'grep UUID' is not taken for a machine.
        named = ("-uuid", str(machine)) in itertools.pairwise(words)
        return named and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def every(machines: Iterable[uuid.UUID]) -> list[psutil.Process]:
    """Look through all processes for those of the machines."""
    wanted = list(machines)
    return [
        process
        for process in psutil.process_iter()
        if any(is_of(machine, process) for machine in wanted)
    ]


def end(process: psutil.Process, grace: float = _GRACE) -> None:
    """End a process: wait for it, then kill it and wait again."""
    with contextlib.suppress(psutil.NoSuchProcess):
        try:
            process.wait(grace)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(grace)
