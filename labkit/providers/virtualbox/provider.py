"""Machines of VirtualBox: Vagrant makes them, VBoxManage does all that needs no Vagrant."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

from labkit import errors, visible, workspace
from labkit.providers import base, identity
from labkit.providers.virtualbox import (
    baked,
    box_file,
    boxed,
    gc,
    hardware,
    manage,
    networks,
    notes,
    power,
    preflight,
    removal,
    snapshot,
)
from labkit.vagrant import journal, settings, tool, version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.plan import model

_RUNNING = base.State.RUNNING
_SPARE = 600.0
"""Seconds that Vagrant has beside the boot: import, clone, and its own start."""


class Provider(base.Provider):
    """VirtualBox: its NAT, a host-only adapter or an internal network, boxes of Vagrant."""

    _logs = False
    """Whether the Vagrant that is there can be asked for a log."""

    @functools.cached_property
    def _boot(self) -> float:
        return float(str(self._lab.provider_options.get("boot_timeout", 600)))

    @functools.cached_property
    def _vagrant(self) -> tool.Vagrant:
        patience = {**tool.PATIENCE, "up": self._boot + _SPARE}
        return tool.Vagrant(self._space.path, "virtualbox", self._narrate, patience)

    @functools.cached_property
    def _boxes(self) -> boxed.Boxes:
        return boxed.Boxes(self._lab, self._space)

    @property
    def keeper(self) -> baked.Keeper:
        """Return who keeps baked boxes."""
        return baked.Keeper(self._space, self._boxes.of, self._vagrant, self._narrate)

    def preflight(self) -> Sequence[base.Finding]:
        """Look at the programs, the network, ports and memory."""
        states = {**self.status()} if manage.program() else dict[str, base.State]()
        down = [each for each in self._lab.machines if states.get(each.name) is not _RUNNING]
        wanted = preflight.Wanted(self._lab, tuple(down), self._boxes.each(), self._vagrant)
        return preflight.look(wanted)

    def prepare(self) -> None:
        """Add the boxes that Vagrant does not have, and make the host-only network."""
        installed = self._vagrant.version()
        version.require(installed)
        self._logs = installed >= version.LOGS
        for box in set(self._boxes.each().values()):
            box_file.ensure(box, self._vagrant, self._narrate)
        self._network()

    def _network(self) -> None:
        if not self._lab.provider_options.get("internal"):
            networks.ensure(self._lab.network("hostonly").subnet)

    def status(self) -> Mapping[str, base.State]:
        """Ask VirtualBox for all machines at once; Vagrant would take seconds to begin."""
        ids = notes.ids(self._space.path)
        there = power.there() if ids else {}
        running = power.running() if there else {}
        return {
            machine.name: power.state(ids.get(machine.name, ""), there, running)
            for machine in self._lab.machines
        }

    def _state(self, name: str) -> base.State:
        number = notes.ids(self._space.path).get(name, "")
        return power.state(number, power.there(), power.running()) if number else base.State.ABSENT

    def _id(self, name: str) -> str:
        return notes.ids(self._space.path)[name]

    def mend(self) -> None:
        """Remove machines that a killed Vagrant made and forgot: they hold names and ports."""
        for stray in gc.strays(self._space, notes.ids(self._space.path)):
            self._narrate(f"{stray.what} is there, and Vagrant forgot it: removed")
            stray.remove()

    def at_once(self) -> int:
        """Return as many as there are processors and memory for, and one at least."""
        return power.room(max(machine.memory_mib for machine in self._lab.machines))

    def endpoint(self, machine: model.Machine) -> base.Endpoint:
        """Say where the machine's SSH is."""
        return base.Endpoint(
            machine=machine.name,
            host=str(machine.ssh_address),
            port=machine.ssh_port,
            user=self._boxes.of(machine.image).user,
            key=self._keys().login_file,
            known_hosts=self._space.known_hosts,
        )

    def start(self, machine: model.Machine) -> base.Endpoint:
        """Let Vagrant make what is not whole or otherwise than planned; start the rest without it.

        A machine that runs is refused when lab.yml has other hardware for it.
        """
        state = self._state(machine.name)
        whole = self._space.ledger.machines().get(machine.name) in {
            workspace.Mark.MADE,
            workspace.Mark.VERIFIED,
        }
        wrong: list[str] = []
        if whole and state is not base.State.ABSENT:
            number = self._id(machine.name)
            found, extra = power.look(number), power.extra_data(number)
            wrong = hardware.differences(self._lab, machine, found, extra)
        if state is base.State.ABSENT or not whole:
            self._make(machine)
        elif state is base.State.STOPPED:
            if wrong:
                self._up(machine)
            else:
                gui = bool(self._lab.provider_options.get("gui"))
                power.start(self._id(machine.name), gui=gui)
        elif wrong:
            raise errors.ProviderError(
                f"{machine.name} runs with other hardware than lab.yml says now: {wrong[0]}",
                hint=f"'lab.halt --only {machine.name}', then 'lab.up' starts it with the new one",
            )
        return self.endpoint(machine)

    def _make(self, machine: model.Machine) -> None:
        """Make the machine, or go on where a run before this one was killed."""
        from labkit.providers.virtualbox import adopt  # noqa: PLC0415 - slow, as it speaks SSH

        ledger = self._space.ledger
        ledger.set(machine.name, workspace.Mark.MAKING)
        folder = self._space.machine(machine.name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._network()
        birth, keys = self.birth(machine), self._keys()
        if birth.kept:
            self._boxes.begin_with(machine, birth.kept)
        self._up(machine)
        user = self._boxes.of(machine.image).user
        adopt.adopt(
            machine.name,
            self._vagrant.ssh([machine.name])[machine.name],
            user=user,
            login=keys.login.public,
            host=keys.hosts[machine.name],
            files=birth.files(machine, identity.texts(machine, user, keys)),
            scratch=folder / "first_host_key",
            patience=self._boot,
            narrate=self._narrate,
            alive=lambda: self.alive(machine),
        )
        ledger.set(machine.name, workspace.Mark.MADE)

    def _up(self, machine: model.Machine) -> None:
        for _, address, port, *_ in hardware.forwards(self._lab, machine):
            settings.release(address, int(port))
        log = self._space.machine(machine.name) / journal.FILE
        log.unlink(missing_ok=True)  # what it told of has been mended
        self._vagrant.up(machine.name, log if self._logs else None)

    def stop(self, machine: model.Machine) -> None:
        """Press the power button and wait; a machine that does not listen is switched off."""
        if self._state(machine.name) is not _RUNNING:
            return
        number = self._id(machine.name)
        if not power.press(number):
            self._narrate(f"{machine.name} ignored its power button for {power.PATIENCE:.0f} s")
            power.cut(number)

    def made(self) -> Sequence[str]:
        """Name the lab's machines, those of the ledger, and those that Vagrant or labkit noted."""
        planned = {machine.name for machine in self._lab.machines}
        folders = [*self._space.machine("").glob("*/"), *notes.folder(self._space.path).glob("*/")]
        return sorted({*planned, *self._space.ledger.machines(), *(each.name for each in folders)})

    def destroy(self, name: str) -> None:
        """Remove the machine and all that is noted about it, then look whether it has gone."""
        ledger = self._space.ledger
        with contextlib.suppress(errors.LabError):  # a full disk must not keep itself full
            ledger.set(name, workspace.Mark.REMOVING)
        removal.remove(self._space, self._vagrant, name)
        ledger.set(name, None)

    def clear(self) -> None:
        """Remove the host-only adapters that labkit made and no machine uses any more."""
        networks.release()

    def leftovers(self) -> Sequence[str]:
        """Look for machines of VirtualBox, notes and folders of the lab's machines."""
        return removal.leftovers(self._space, self.made())

    def alive(self, machine: model.Machine) -> None:
        """Complain when the machine has gone off.

        Raises:
            errors.ProviderError: It has.
        """
        if self._state(machine.name) is not _RUNNING:
            raise errors.ProviderError(
                f"{machine.name} has gone off in VirtualBox",
                hint="the tail of its console shows how far it came",
            )

    def console_tail(self, machine: model.Machine, lines: int = 15) -> str:
        """Return the end of the serial console's log."""
        path = self._space.machine(machine.name) / "console.log"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        return visible.console(text, lines)

    def pause(self, machine: model.Machine) -> None:
        """Hold the machine's processors."""
        if self._state(machine.name) is _RUNNING:
            power.hold(self._id(machine.name))

    def resume(self, machine: model.Machine) -> None:
        """Let the machine's processors go on."""
        if self._state(machine.name) is _RUNNING:
            power.release(self._id(machine.name))

    def snapshots(self, machine: model.Machine) -> Mapping[str, base.Snapshot]:
        """Look at the machine's snapshots."""
        if self._state(machine.name) is base.State.ABSENT:
            return {}
        return snapshot.found(self._id(machine.name))

    def save(self, machine: model.Machine, name: str) -> None:
        """Save the machine."""
        running = self._state(machine.name) is _RUNNING
        try:
            snapshot.save(self._id(machine.name), name, running=running)
        except errors.ProviderError as error:
            with contextlib.suppress(errors.ProviderError):
                self.discard(machine, name)
            raise errors.ProviderError(
                f"{machine.name} could not be saved: {error.message}", hint=error.hint
            ) from error

    def restore(self, machine: model.Machine, name: str) -> None:
        """Switch the machine off, load it, and start it when it ran."""
        what = f"{machine.name} could not be brought back"
        saved = self.snapshots(machine).get(name)
        if saved is None:
            raise errors.ProviderError(f"{what}: it has no snapshot '{name}'")
        number = self._id(machine.name)
        try:
            power.cut(number)
            snapshot.load(number, name)
            if saved.running:
                power.start(number, gui=bool(self._lab.provider_options.get("gui")))
        except errors.ProviderError as error:
            power.cut(number)
            raise errors.ProviderError(f"{what}: {error.message}", hint=error.hint) from error

    def discard(self, machine: model.Machine, name: str) -> None:
        """Remove the snapshot."""
        if name in self.snapshots(machine):
            snapshot.discard(self._id(machine.name), name)
