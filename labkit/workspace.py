"""A lab's folder `.lab/NAME`: the ledger, the lock, keys, and whatever is made for the lab.

The provider is the truth about machines; the ledger says which of them are ours. It is written
before each outside act and after it, so that whatever a killed run left can be found and removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import hashlib
import json
import os
import pathlib
import shutil
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import filelock

from labkit import errors

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

_VERSION = 1


class Mark(enum.Enum):
    """What the ledger says of a machine."""

    MAKING = "making"
    MADE = "made"
    VERIFIED = "verified"
    REMOVING = "removing"


def write(path: pathlib.Path, text: str, *, mode: int = 0o600) -> None:
    """Replace a file at once: readers see the old text or the new one, also after a power cut."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync_folder(folder: pathlib.Path) -> None:
    if os.name != "posix":
        return  # Windows cannot open a folder, and orders renames by itself.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclasses.dataclass(frozen=True, slots=True)
class Workspace:
    """The folder of one lab; `folder` is where lab.yml is."""

    folder: pathlib.Path
    lab: str

    @property
    def path(self) -> pathlib.Path:
        """The lab's own folder."""
        return self.folder / ".lab" / self.lab

    @property
    def known_hosts(self) -> pathlib.Path:
        """The pinned host keys of all machines."""
        return self.path / "known_hosts"

    @property
    def ssh_config(self) -> pathlib.Path:
        """What `ssh -F` and editors read."""
        return self.path / "ssh_config"

    @property
    def log(self) -> pathlib.Path:
        """Everything that the last runs did, as text."""
        return self.path / "labkit.log"

    def machine(self, name: str) -> pathlib.Path:
        """Return the folder for one machine's disk, console and sockets."""
        return self.path / "machines" / name

    def make(self) -> None:
        """Make the folder, readable by its owner only."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)

    def remove(self) -> None:
        """Remove the folder, and `.lab` when no other lab is in it."""
        shutil.rmtree(self.path, ignore_errors=False)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()

    def lock(self, task: str) -> contextlib.AbstractContextManager[None]:
        """Hold the lab for one run.

        Raises:
            errors.LockedError: Another run holds it; the message names it.
        """
        return _locked(self, task)

    @property
    def ledger(self) -> Ledger:
        """The ledger of the lab."""
        return Ledger(self.path / "ledger.json")


@contextlib.contextmanager
def _locked(workspace: Workspace, task: str) -> Generator[None]:
    # Beside the folder, not in it: destroy removes the folder while it holds the lock.
    base = workspace.path.parent
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = filelock.FileLock(base / f"{workspace.lab}.lock")
    holder = base / f"{workspace.lab}.holder.json"
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise errors.LockedError(
            f"lab '{workspace.lab}' is in use: {_describe(holder)}",
            hint="wait until it has finished, or stop that process",
        ) from None
    try:
        start = time.strftime("%Y-%m-%d %H:%M:%S")
        who = {"task": task, "pid": os.getpid(), "host": socket.gethostname(), "start": start}
        write(holder, json.dumps(who))
        yield
    finally:
        holder.unlink(missing_ok=True)
        pathlib.Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()
        with contextlib.suppress(OSError):
            base.rmdir()


def _describe(holder: pathlib.Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
        return f"'{who['task']}' of process {who['pid']} on {who['host']}, since {who['start']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "by another process"


@dataclasses.dataclass(frozen=True, slots=True)
class Ledger:
    """Which machines are ours, and how far each has come."""

    path: pathlib.Path

    def machines(self) -> dict[str, Mark]:
        """Read the marks; empty when there is no ledger.

        Raises:
            errors.LabError: The file is not what was written.
        """
        return self._read()

    def set(self, machine: str, mark: Mark | None) -> None:
        """Write one machine's mark, or with None strike it out."""
        with _LEDGER:
            entries = self._read()
            entries.pop(machine, None)
            if mark is not None:
                entries[machine] = mark
            self._write({name: each.value for name, each in entries.items()})

    def mend(self) -> None:
        """Begin anew when the file is not what was written; for who looks at what exists."""
        with _LEDGER:
            try:
                self._read()
            except errors.LabError:
                self._write({})

    def _read(self) -> dict[str, Mark]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        try:
            document: dict[str, Any] = json.loads(content)
            machines: dict[str, str] = document["machines"]
            if document["version"] != _VERSION or document["sha256"] != _checksum(machines):
                raise ValueError
            return {name: Mark(mark) for name, mark in machines.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise errors.LabError(
                f"the ledger {self.path} is not what labkit wrote",
                hint="'lab.destroy' removes the lab by looking at what exists",
            ) from None

    def _write(self, machines: Mapping[str, str]) -> None:
        document = {
            "version": _VERSION,
            "sha256": _checksum(machines),
            "machines": dict(sorted(machines.items())),
        }
        write(self.path, json.dumps(document, indent=1) + "\n")


# Machines are worked on by threads of one process, and processes exclude one another by the lock.
_LEDGER = threading.Lock()


def _checksum(machines: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(machines, sort_keys=True).encode()).hexdigest()
