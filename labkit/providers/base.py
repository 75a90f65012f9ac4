"""What every provider can do. It makes, starts, stops, lists and removes machines.

It also saves and restores them, one by one; that a snapshot is of a whole lab is not its affair.

A provider knows where a machine's SSH is and nothing of what is inside the machine.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
from typing import TYPE_CHECKING, Literal

from labkit import parallel, secret

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Mapping, Sequence

    from labkit import workspace
    from labkit.images import carried
    from labkit.plan import model
    from labkit.providers import keeper
    from labkit.ssh import keyring


class State(enum.Enum):
    """What a machine is doing, as its provider sees it."""

    ABSENT = "absent"
    STOPPED = "stopped"
    RUNNING = "running"


@dataclasses.dataclass(frozen=True, slots=True)
class Gateway:
    """A host in between, through which a machine is reached."""

    host: str
    port: int
    user: str
    key: pathlib.Path
    known_hosts: pathlib.Path


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and as whom a machine is reached."""

    machine: str
    host: str
    port: int
    user: str
    key: pathlib.Path
    known_hosts: pathlib.Path
    sudo_password: secret.Secret | None = None
    """What sudo(8) asks the user for; None where it asks for nothing."""
    gateway: Gateway | None = None
    """None: the machine is reached directly."""
    alias: str = ""
    """The name by which known_hosts knows the machine; empty: by its address and port."""


class Verdict(enum.Enum):
    """What was found."""

    OK = "ok"
    FAILED = "failed"
    CHOICE = "choice"
    """It works, and a person may want it otherwise."""
    UNKNOWN = "unknown"
    """It could not be tried, so it may turn out either way."""


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that preflight looked at, and what to do when it is wrong."""

    name: str
    ok: bool
    """Whether `up` can go on; it can with a choice, and with what could not be tried."""
    detail: str
    hint: str = ""
    doubt: Literal[Verdict.CHOICE, Verdict.UNKNOWN] | None = None
    """What keeps a finding that is in nobody's way from being fine."""
    fix: Callable[[], object] | None = dataclasses.field(default=None, compare=False)
    """Does what the hint says, where that harms nothing; raises errors.LabError when it cannot."""

    @property
    def verdict(self) -> Verdict:
        """Return all of it in one word."""
        if not self.ok:
            return Verdict.FAILED
        return self.doubt or Verdict.OK


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """One machine as it was saved."""

    taken: float
    """Seconds since 1970."""
    running: bool
    """Whether it was running, and its memory is in the snapshot."""


@dataclasses.dataclass(frozen=True, slots=True)
class Birth:
    """What a new machine begins with, beside who it is."""

    kept: keeper.Kept | None = None
    """What holds what the machine's profiles say; None: the image that lab.yml names."""
    files: Callable[[model.Machine, Mapping[str, str]], Sequence[carried.File]] = (
        lambda _machine, _given: ()
    )
    """Further files, given the machine with all that is known of its cards by now, and the texts
    of those files that say who it is, by their paths."""


def _plain(_: model.Machine) -> Birth:
    return Birth()


class Provider(abc.ABC):
    """One way of making machines."""

    def __init__(
        self,
        lab: model.Lab,
        space: workspace.Workspace,
        keys: Callable[[], keyring.Keyring],
        narrate: Callable[[str], None],
    ) -> None:
        """Remember the lab; nothing is made yet, and nothing is asked.

        Args:
            lab: The plan.
            space: Where its files are.
            keys: Returns its keys, which are made when they are first needed.
            narrate: Told what goes on, a sentence at a time.
        """
        self._lab, self._space, self._keys, self._narrate = lab, space, keys, narrate

    birth: Callable[[model.Machine], Birth] = staticmethod(_plain)
    """Asked once for each machine that is made; a provider without baked images need not ask."""

    @property
    def keeper(self) -> keeper.Keeper | None:
        """Return who keeps what was baked; None where machines of this provider are not baked."""
        return None

    @abc.abstractmethod
    def preflight(self) -> Sequence[Finding]:
        """Try, before anything is made, what `up` will need."""

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make what all machines share, the image above all."""

    @abc.abstractmethod
    def status(self) -> Mapping[str, State]:
        """Say what each machine of the lab is doing."""

    @classmethod
    def statuses(
        cls, labs: Mapping[str, Provider]
    ) -> Mapping[str, Mapping[str, State] | Exception]:
        """Return the status of several labs, or why that could not be seen, by the names given.

        Where one question serves them all, a provider asks only that.
        """
        return parallel.each(labs, lambda each: each.status())

    def mend(self) -> None:  # noqa: B027 - a provider may have nothing of the kind
        """Put in order what a fault has left half there; called while the lab is held."""

    def listen(self, tell: Callable[[str, str], None]) -> None:  # noqa: B027 - the same
        """Take whom to tell what is going on with single machines: (machine, text)."""

    def known(self, machine: model.Machine) -> model.Machine:
        """Return a machine with what only its provider can tell, such as MAC addresses it chose."""
        return machine

    def clear(self) -> None:  # noqa: B027 - the same
        """Remove what machines have shared, when the last one is gone.

        Raises:
            ProviderError: Something could not be removed.
        """

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

    @abc.abstractmethod
    def pause(self, machine: model.Machine) -> None:
        """Hold a running machine where it is, so that all of a lab are saved at one moment.

        A machine that is off stays off. A provider that cannot hold machines does nothing.
        """

    @abc.abstractmethod
    def resume(self, machine: model.Machine) -> None:
        """Let a machine that is held go on; nothing happens to any other."""

    @abc.abstractmethod
    def snapshots(self, machine: model.Machine) -> Mapping[str, Snapshot]:
        """Look for the machine's snapshots, by name; a machine that was not made has none."""

    @abc.abstractmethod
    def save(self, machine: model.Machine, name: str) -> None:
        """Save the machine's disk, and its memory too when it runs or is held.

        Afterwards it is doing what it did before. The name has letters, digits and `-_.~` only, and
        the machine has no snapshot of that name.

        Raises:
            ProviderError: It could not be saved; nothing of the snapshot is left then.
        """

    @abc.abstractmethod
    def restore(self, machine: model.Machine, name: str) -> None:
        """Bring the machine back to a snapshot, whatever it is doing now.

        Afterwards it is off when it was off. When it ran it goes on from that moment without a
        boot, at once or, where the provider can hold it, at `resume`.

        Raises:
            ProviderError: It could not be brought back; the machine is off then.
        """

    @abc.abstractmethod
    def discard(self, machine: model.Machine, name: str) -> None:
        """Remove a snapshot of the machine; nothing happens when there is none of that name."""
