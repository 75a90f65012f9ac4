"""The ledger: which machines and snapshots are ours, and how far each has come.

It is written before each outside act and after it, so that whatever a killed run left can be found
and removed. The provider stays the truth about what exists.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from labkit import errors
from labkit.workspace import files

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

VERSION = 2
"""Of the file. Version 1 had no snapshots."""


class Mark(enum.Enum):
    """What the ledger says of a machine."""

    MAKING = "making"
    MADE = "made"
    VERIFIED = "verified"
    REMOVING = "removing"


class SnapshotMark(enum.Enum):
    """What the ledger says of a snapshot, which is one of all machines of a lab."""

    SAVING = "saving"
    SAVED = "saved"
    RESTORING = "restoring"
    REMOVING = "removing"


_Mark = TypeVar("_Mark", Mark, SnapshotMark)


@dataclasses.dataclass(frozen=True, slots=True)
class Entries:
    """All that a ledger says."""

    machines: Mapping[str, Mark] = dataclasses.field(default_factory=dict[str, Mark])
    snapshots: Mapping[str, SnapshotMark] = dataclasses.field(
        default_factory=dict[str, SnapshotMark]
    )


class DamagedError(errors.LabError):
    """The file is not what labkit wrote."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of one lab, in one file."""

    path: pathlib.Path

    def machines(self) -> dict[str, Mark]:
        """Read the machines' marks; empty when there is no ledger.

        Raises:
            DamagedError: The file is not what was written.
            errors.LabError: A newer labkit wrote it.
        """
        return dict(self.read().machines)

    def snapshots(self) -> dict[str, SnapshotMark]:
        """Read the snapshots' marks; raises what `machines` does."""
        return dict(self.read().snapshots)

    def set(self, machine: str, mark: Mark | None) -> None:
        """Write one machine's mark, or with None strike it out."""
        with _LEDGER:
            old = self.read()
            self.write(Entries(_with(old.machines, machine, mark), old.snapshots))

    def set_snapshot(self, name: str, mark: SnapshotMark | None) -> None:
        """Write one snapshot's mark, or with None strike it out."""
        with _LEDGER:
            old = self.read()
            self.write(Entries(old.machines, _with(old.snapshots, name, mark)))

    def mend(self) -> pathlib.Path | None:
        """Keep a damaged file under another name and begin anew; None when it is a good one.

        Raises:
            errors.LabError: A newer labkit wrote it, so it is left as it is.
        """
        with _LEDGER:
            try:
                self.read()
            except DamagedError:
                stamp = time.strftime("%Y%m%d-%H%M%S")
                aside = self.path.with_name(f"{self.path.name}.bad-{stamp}")
                files.keep(self.path, aside)
                self.write(Entries())
                return aside
            return None

    def read(self) -> Entries:
        """Read all marks; raises what `machines` does."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Entries()
        try:
            document: dict[str, Any] = json.loads(content)
            version: object = document["version"]
            if isinstance(version, int) and version > VERSION:
                raise _newer(self.path, version)
            return _understand(version, document)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DamagedError(
                f"the ledger {self.path} is not what labkit wrote",
                hint="'lab.up' keeps it aside and writes a new one from what exists",
            ) from None

    def write(self, entries: Entries) -> None:
        """Replace the whole ledger."""
        said = {
            "machines": {name: mark.value for name, mark in sorted(entries.machines.items())},
            "snapshots": {name: mark.value for name, mark in sorted(entries.snapshots.items())},
        }
        document = {"version": VERSION, "sha256": _checksum(said), **said}
        files.write(self.path, json.dumps(document, indent=1) + "\n")


# Machines are worked on by threads of one process, and processes exclude one another by the lock.
_LEDGER = threading.Lock()


def _with(entries: Mapping[str, _Mark], name: str, mark: _Mark | None) -> dict[str, _Mark]:
    rest = {key: value for key, value in entries.items() if key != name}
    return rest if mark is None else {**rest, name: mark}


def _understand(version: object, document: Mapping[str, Any]) -> Entries:
    """Turn a document into marks; any error of Python's means that it is damaged."""
    machines: dict[str, str] = document["machines"]
    snapshots: dict[str, str] = document["snapshots"] if version == VERSION else {}
    summed = machines if version == 1 else {"machines": machines, "snapshots": snapshots}
    if version not in {1, VERSION} or document["sha256"] != _checksum(summed):
        raise ValueError
    return Entries(
        {name: Mark(mark) for name, mark in machines.items()},
        {name: SnapshotMark(mark) for name, mark in snapshots.items()},
    )


def _newer(path: pathlib.Path, version: int) -> errors.LabError:
    return errors.LabError(
        f"the ledger {path} is of version {version}, and this labkit knows {VERSION}",
        hint="a newer labkit made this lab; use that one",
    )


def _checksum(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
