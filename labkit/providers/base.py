"""What every provider can do. It makes, starts, stops, lists and removes machines.

A provider knows where a machine's SSH is and nothing of what is inside the machine.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
from typing import TYPE_CHECKING

from labkit import parallel

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence

    from labkit.plan import model


class State(enum.Enum):
    """What a machine is doing, as its provider sees it."""

    ABSENT = "absent"
    STOPPED = "stopped"
    RUNNING = "running"


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and as whom a machine is reached."""

    machine: str
    host: str
    port: int
    user: str
    key: pathlib.Path
    known_hosts: pathlib.Path


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that preflight looked at, and what to do when it is wrong."""

    name: str
    ok: bool
    detail: str
    hint: str = ""


class Provider(abc.ABC):
    """One way of making machines."""

    @abc.abstractmethod
    def preflight(self) -> Sequence[Finding]:
        """Try, before anything is made, what `up` will need."""

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make what all machines share, the image above all."""

    @abc.abstractmethod
    def status(self) -> Mapping[str, State]:
        """Say what each machine of the lab is doing."""

    def at_once(self) -> int:
        """Say how many machines may be booting at the same time."""
        return parallel.AT_ONCE

    @abc.abstractmethod
    def endpoint(self, machine: model.Machine) -> Endpoint:
        """Say where the machine's SSH is, whether it runs or not."""

    @abc.abstractmethod
    def start(self, machine: model.Machine) -> Endpoint:
        """Make the machine if it is absent, start it if it is stopped, and say where its SSH is."""

    @abc.abstractmethod
    def stop(self, machine: model.Machine) -> None:
        """Shut the machine down; its disk stays."""

    @abc.abstractmethod
    def made(self) -> Sequence[str]:
        """Name every machine that was made for the lab, also those that lab.yml no longer has."""

    @abc.abstractmethod
    def destroy(self, name: str) -> None:
        """Remove a machine and all that was made for it."""

    @abc.abstractmethod
    def leftovers(self) -> Sequence[str]:
        """Look for anything of this lab that still exists, and name it."""

    @abc.abstractmethod
    def alive(self, machine: model.Machine) -> None:
        """Complain when a machine that was started has ended by itself.

        Raises:
            ProviderError: It has, so that waiting for it is pointless.
        """

    @abc.abstractmethod
    def console_tail(self, machine: model.Machine, lines: int = 15) -> str:
        """Return the last lines of the machine's serial console."""
