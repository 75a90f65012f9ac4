"""The QEMU processes of a lab: found by their machine's UUID, ended by their id."""

from __future__ import annotations

import contextlib
import itertools
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import pathlib
    import uuid
    from collections.abc import Mapping

_POLL = 0.02
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
    # The option before it, so that a person's 'grep UUID' is not taken for a machine.
    return ("-uuid", str(machine)) in _options(process)


def every(machines: Mapping[uuid.UUID, pathlib.Path]) -> list[psutil.Process]:
    """Look through all processes for those of machines, each by its UUID and its pid file.

    The UUID alone follows from names: another folder's lab of the same name has the same one.
    """
    wanted = [
        {("-uuid", str(machine)), ("-pidfile", str(path))} for machine, path in machines.items()
    ]
    return [
        process
        for process in psutil.process_iter()
        for options in [_options(process)]
        if any(each <= options for each in wanted)
    ]


def _options(process: psutil.Process) -> set[tuple[str, str]]:
    """Return each word of a command line with the next one; nothing when it has ended."""
    try:
        words = process.cmdline()
        return set() if process.status() == psutil.STATUS_ZOMBIE else set(itertools.pairwise(words))
    except psutil.Error:
        return set()


def wait(process: psutil.Process, seconds: float) -> bool:
    """Wait until a process has ended, and say whether it has.

    One whose parent has not asked for it yet (a zombie) has ended: nothing of it is left but its
    number, and the parent of a QEMU in the background is the host's init, which may take a second.
    """
    deadline = time.monotonic() + seconds
    while process.is_running() and not _is_zombie(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    with contextlib.suppress(psutil.Error):
        process.wait(0)  # a child of our own leaves its number too
    return True


def _is_zombie(process: psutil.Process) -> bool:
    try:
        # While threads of it are still ending, its ports are still taken.
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:
        return True


def end(process: psutil.Process, grace: float = _GRACE) -> None:
    """End a process: wait for it, then kill it and wait again."""
    if not wait(process, grace):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
        wait(process, grace)
