"""The QEMU processes of all labs on this host, and the switches of their segments.

A process is labkit's when its command line names a pid file in a lab's folder together with the
machine's or the segment's UUID: that UUID is derived in a namespace of labkit's own (RFC 9562,
version 5) from the same names that stand in the path, so no other program's machine has it.
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
from labkit.providers.qemu import process, segment
from labkit.workspace import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


SWITCH = "network hostonly"
"""What stands for a machine's name where the switch is meant."""


def find() -> Iterator[gc.Found]:
    """Yield the processes of machines that this user may end."""
    for running in psutil.process_iter():
        claimed = _claimed(running)
        if claimed is None:
            continue
        entry, machine = claimed

        def remove(running: psutil.Process = running) -> None:
            _end(running)

        shared = machine == SWITCH
        what = f"process {running.pid} ({'switch' if shared else 'qemu'})"
        yield gc.Found(entry, machine, what, remove, shared)


def claim(words: Sequence[str]) -> tuple[registry.Entry, str] | None:
    """Return the lab and the machine that a command line proves to be of; None for all others.

    The switch of a lab's segment takes the place of a machine.
    """
    options = dict(itertools.pairwise(words))
    program = pathlib.PurePath(words[0]).name if words else ""
    pid_file = pathlib.Path(options.get("-pidfile", ""))
    if pid_file.name != "pid" or not pid_file.is_absolute():
        return None
    said = options.get("-uuid")
    match pid_file.parts:
        case (*folder, ".lab", lab, "machines", machine, _):
            ours = program.startswith("qemu-system-")
            ours = ours and said == str(derive.machine_uuid(lab, machine))
        case (*folder, ".lab", lab, "segment", _):
            machine = SWITCH
            ours = segment.SCRIPT.name in map(os.path.basename, words[:4])
            ours = ours and said == str(derive.network_uuid(lab, "hostonly"))
        case _:
            return None
    return (registry.Entry(pathlib.Path(*folder), lab), machine) if ours else None


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
