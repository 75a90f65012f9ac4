"""The host-only segment of one lab: its folder, its switch, and the way of a machine to it.

Frames go through unix sockets in the lab's own folder, which only its owner may open (unix(7),
"Pathname socket ownership and permissions"). So no other user of the host reads or sends any.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import sys
import threading
from typing import TYPE_CHECKING

from labkit import errors
from labkit.plan import derive
from labkit.providers.qemu import process, program

if TYPE_CHECKING:
    import uuid

    import psutil

    from labkit import workspace

SCRIPT = pathlib.Path(__file__).with_name("switch.py")
_DESCRIPTOR = 7
"""Of the segment's folder in QEMU; a shell's redirection has one digit."""
_LONGEST = 103
"""Bytes of a socket's path on macOS, without the zero at its end (sys/un.h)."""
_STARTING = threading.Lock()


@dataclasses.dataclass(frozen=True, slots=True)
class Segment:
    """The segment of a lab; nothing is there until it is started."""

    space: workspace.Workspace

    @property
    def uuid(self) -> uuid.UUID:
        """What its switch is known by."""
        return derive.network_uuid(self.space.lab, "hostonly")

    @property
    def folder(self) -> pathlib.Path:
        """Where its sockets are."""
        return self.space.segment

    @property
    def pid_file(self) -> pathlib.Path:
        """Holds the number of the switch's process."""
        return self.folder / "pid"

    @property
    def netdev(self) -> str:
        """The options of `-netdev` that come before a machine's own `local.path`.

        A QEMU in the background is in `/`, and that of root is another user, who may not go through
        the lab's folder. An open descriptor of the segment's folder leads there all the same, and
        makes the path short (proc_pid_fd(5)). Hosts without it have an absolute path.
        """
        hub = f"/proc/self/fd/{_DESCRIPTOR}/hub" if _has_descriptors() else str(self.folder / "hub")
        return f"dgram,remote.type=unix,remote.path={hub.replace(',', ',,')},local.type=unix"

    def start(self) -> None:
        """Start the switch when it does not run, also after a fault; several threads may ask.

        Raises:
            errors.ProviderError: It does not start, or the folder is too deep for a socket.
        """
        with _STARTING:
            if process.of(self.uuid, self.pid_file) and (self.folder / "hub").is_socket():
                return
            self.end()
            self._make()
            program.run(self.command())

    def command(self) -> list[str]:
        """Return the argument list that starts the switch."""
        words = [sys.executable, "-I", "-S", str(SCRIPT), str(self.folder)]
        return [*words, "-uuid", str(self.uuid), "-pidfile", str(self.pid_file)]

    def _make(self) -> None:
        hub = self.folder / "hub"
        if not _has_descriptors() and len(os.fsencode(hub)) > _LONGEST:
            raise errors.ProviderError(
                f"the path of the socket {hub} is longer than {_LONGEST} bytes",
                hint="move the lab's folder to a place with a shorter path",
            )
        (self.folder / "ports").mkdir(parents=True, exist_ok=True)
        for path in (self.folder, self.folder / "ports"):
            path.chmod(0o755)  # for QEMU's user; nobody comes here but through the lab's folder

    def launch(self, words: list[str], machine: str) -> None:
        """Start a machine's QEMU in its folder, on the segment.

        Raises:
            errors.ProviderError: It does not start.
        """
        self.start()
        way = (_DESCRIPTOR, self.folder) if _has_descriptors() else None
        program.run(words, cwd=self.space.machine(machine), descriptor=way)
        port = self.folder / "ports" / machine
        if port.is_socket():
            port.chmod(0o666)  # for the switch, which is no more root than QEMU is

    def lost(self, machine: str) -> bool:
        """Say whether the port of a machine is gone; only its QEMU can make it, at its start."""
        return not (self.folder / "ports" / machine).is_socket()

    def leave(self, machine: str) -> None:
        """Take the port of a machine away that is no more."""
        (self.folder / "ports" / machine).unlink(missing_ok=True)

    def running(self) -> list[psutil.Process]:
        """Look through all processes for the switch."""
        return process.every({self.uuid: self.pid_file})

    def end(self) -> None:
        """End the switch, wherever it is found."""
        for each in self.running():
            each.kill()  # it has nothing to lose
            process.end(each)


def local_path(machine: str) -> str:
    """Return the socket of a machine, relative to the folder that its QEMU starts in."""
    return f"../../segment/ports/{machine}"


def _has_descriptors() -> bool:
    return sys.platform == "linux"
