"""A lab's folder `.lab/NAME`: the ledger, the lock, keys, and whatever is made for the lab."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from typing import TYPE_CHECKING

from labkit.workspace import files, ledger, lock, registry

if TYPE_CHECKING:
    import pathlib


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
    def entry(self) -> registry.Entry:
        """How the user's registry knows the lab."""
        return registry.Entry(self.folder, self.lab)

    @property
    def known_hosts(self) -> pathlib.Path:
        """The pinned host keys of all machines."""
        return self.path / "known_hosts"

    @property
    def ssh_config(self) -> pathlib.Path:
        """What `ssh -F` and editors read."""
        return self.path / "ssh_config"

    @property
    def logs(self) -> pathlib.Path:
        """A file for each of the last runs, see `labkit.log`."""
        return self.path / "logs"

    @property
    def segment(self) -> pathlib.Path:
        """The sockets of the host-only segment, where labkit carries its frames itself."""
        return self.path / "segment"

    @property
    def ledger(self) -> ledger.Ledger:
        """The ledger of the lab."""
        return ledger.Ledger(self.path / "ledger.json")

    def machine(self, name: str) -> pathlib.Path:
        """Return the folder for one machine's disk, console and sockets."""
        return self.path / "machines" / name

    def make(self) -> None:
        """Make the folder, readable by its owner only.

        Raises:
            errors.LabError: The disk did not take it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise files.refusal(self.path, error) from error
        registry.enter(self.entry)

    def remove(self) -> None:
        """Remove the folder, and `.lab` when no other lab is in it."""
        shutil.rmtree(self.path, ignore_errors=False)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()
        registry.leave(self.entry)

    def lock(self, task: str) -> contextlib.AbstractContextManager[None]:
        """Hold the lab for one run.

        Raises:
            errors.LockedError: Another run holds it; the message names it.
        """
        # Beside the folder, not in it: destroy removes the folder while it holds the lock.
        return lock.hold(self.path.parent, self.lab, task)
