"""The QEMU processes of all labs on this host.

A process is labkit's when its command line names a pid file in a lab's folder together with the
machine's UUID: that UUID is derived in a namespace of labkit's own (RFC 9562, version 5) from the
same two names that stand in the path, so no other program's machine has it.
"""

from __future__ import annotations

import itertools
import os
import pathlib
import sys
from typing import TYPE_CHECKING

import psutil

from labkit import errors
from labkit.plan import derive
from labkit.providers import gc
from labkit.providers.qemu import process
from labkit.workspace import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def find() -> Iterator[gc.Found]:
    """Yield the processes of machines that this user may end."""
    for running in psutil.process_iter():
        claimed = _claimed(running)
        if claimed is None:
            continue
        entry, machine = claimed

        def remove(running: psutil.Process = running) -> None:
            _end(running)

        yield gc.Found(entry, machine, f"process {running.pid} (qemu)", remove)


def claim(words: Sequence[str]) -> tuple[registry.Entry, str] | None:
    """Return the lab and the machine that a command line proves to be of; None for all others."""
    options = dict(itertools.pairwise(words))
    program = pathlib.PurePath(words[0]).name if words else ""
    pid_file = pathlib.Path(options.get("-pidfile", ""))
    if not program.startswith("qemu-system-") or not pid_file.is_absolute():
        return None
    *folder, base, lab, machines, machine, name = ("",) * 5 + pid_file.parts
    if (base, machines, name) != (".lab", "machines", "pid"):
        return None
    if options.get("-uuid") != str(derive.machine_uuid(lab, machine)):
        return None
    return registry.Entry(pathlib.Path(*folder), lab), machine


def _claimed(running: psutil.Process) -> tuple[registry.Entry, str] | None:
    try:
        if running.status() == psutil.STATUS_ZOMBIE or not _mine(running):
            return None
        return claim(running.cmdline())
    except psutil.Error:
        return None


def _mine(running: psutil.Process) -> bool:
    """Other users' labs are theirs; root, whose machines run as `nobody`, looks after all."""
    if sys.platform == "win32":
        return running.username() == psutil.Process().username()
    return os.geteuid() in {0, running.uids().real}


def _end(running: psutil.Process) -> None:
    try:
        running.terminate()
        process.end(running)
    except psutil.NoSuchProcess:
        return
    except psutil.Error as error:
        raise errors.ProviderError(f"process {running.pid} could not be ended: {error}") from error
