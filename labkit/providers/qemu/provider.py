"""Machines as QEMU processes."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import shutil
import types
from typing import TYPE_CHECKING

import psutil

from labkit import errors, system, visible, workspace
from labkit.images import catalog, store
from labkit.images import seed as seeds
from labkit.plan import derive
from labkit.providers import base, identity
from labkit.providers.qemu import (
    accelerator,
    backing,
    baked,
    command,
    hardware,
    mend,
    monitor,
    preflight,
    process,
    program,
    segment,
    snapshot,
)

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from labkit.plan import model

_SHUTDOWN = 90.0
"""Seconds that a machine has to shut down; an emulated one on a loaded host takes about ten."""


class Provider(base.Provider):
    """QEMU: user networking for NAT, unix sockets and a switch for host-only."""

    _accelerator: command.Accelerator = "tcg"
    _images: Mapping[str, store.Image] = types.MappingProxyType({})

    @functools.cached_property
    def _segment(self) -> segment.Segment:
        return segment.Segment(self._space)

    def preflight(self) -> Sequence[base.Finding]:
        """Look at programs, ports and memory."""
        running = {name for name, state in self.status().items() if state is base.State.RUNNING}
        machines = [each for each in self._lab.machines if each.name not in running]
        return (*preflight.release(), *preflight.look(machines))

    @property
    def keeper(self) -> baked.Keeper:
        """Return who keeps baked images in the cache."""
        return baked.Keeper(self._space, self._narrate)

    def prepare(self) -> None:
        """Install QEMU where it is missing, make the images, and choose the accelerator."""
        system.require("qemu-system-x86_64", "qemu-img")
        self._images = {
            name: store.ensure(name, narrate=self._narrate, folder=self._space.folder)
            for name in sorted({machine.image for machine in self._lab.machines})
        }
        wanted = str(self._lab.provider_options.get("accel", "auto"))
        image = next(iter(self._images.values()))
        self._accelerator = accelerator.choose(wanted, image, self._narrate)

    def status(self) -> Mapping[str, base.State]:
        """Look at every machine's process and disk."""
        return {machine.name: self._state(machine) for machine in self._lab.machines}

    def _state(self, machine: model.Machine) -> base.State:
        folder = self._space.machine(machine.name)
        if process.of(machine.uuid, folder / "pid"):
            return base.State.RUNNING
        return base.State.STOPPED if (folder / "disk.qcow2").exists() else base.State.ABSENT

    def mend(self) -> None:
        """End machines whose disk is gone; find those again whose pid file is."""
        folders = {each.uuid: self._space.machine(each.name) for each in self._lab.machines}
        mend.mend(folders, self._narrate)

    def at_once(self) -> int:
        """Emulated machines are pure work: more of them than processors only get in their way."""
        if self._accelerator == "tcg":
            return psutil.cpu_count() or 1
        return super().at_once()

    def endpoint(self, machine: model.Machine) -> base.Endpoint:
        """Say where the machine's SSH is."""
        return base.Endpoint(
            machine=machine.name,
            host=str(machine.ssh_address),
            port=machine.ssh_port,
            user=catalog.get(machine.image, folder=self._space.folder).user,
            key=self._keys().login_file,
            known_hosts=self._space.known_hosts,
        )

    def start(self, machine: model.Machine) -> base.Endpoint:
        """Make the disk when there is none, and start the process when it does not run."""
        state = self._state(machine)
        ledger = self._space.ledger
        if state is base.State.ABSENT:
            ledger.set(machine.name, workspace.Mark.MAKING)
            self._make(machine)
        words = self._command(machine)
        running = process.of(machine.uuid, self._space.machine(machine.name) / "pid")
        if running is not None:
            hardware.refuse_other(machine.name, running.cmdline(), words)
            self._segment.start()  # it may have been killed
        if running is None or self._segment.lost(machine.name):
            self._switch_off(machine.name)
            ledger.set(machine.name, workspace.Mark.MADE)
            self._segment.launch(words, machine.name)
        return self.endpoint(machine)

    def _make(self, machine: model.Machine) -> None:
        folder = self._space.machine(machine.name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        birth = self.birth(machine)
        kept = store.of_digest(birth.kept.about.digest) if birth.kept else None
        image = kept or self._images[machine.image]
        seed = identity.of(machine, image.user, self._keys())
        texts = identity.texts(machine, image.user, self._keys())
        seed = dataclasses.replace(seed, files=tuple(birth.files(machine, texts)))
        seeds.write(seed, image.seed, folder / "seed")
        workspace.sync(folder / "seed")  # before the disk's name says that the machine is whole
        # The disk comes last: its being there means that the machine is whole.
        disk = folder / "disk.qcow2"
        new = folder / "disk.new"
        backing.refuse_larger(machine, image.disk)
        words = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(image.disk)]
        program.run([*words, str(new), f"{machine.disk_gib}G"])
        new.replace(disk)

    def _command(self, machine: model.Machine) -> list[str]:
        folder = self._space.machine(machine.name)
        # A disk goes with the kernel of the image that it was made from.
        image = backing.image(folder / "disk.qcow2") or self._images[machine.image]
        return command.build(
            machine,
            network=self._lab.network("nat"),
            segment=self._segment.netdev,
            accelerator=self._accelerator,
            boot=command.boot(machine, image, folder / "seed"),
            paths=command.Paths(
                disk=folder / "disk.qcow2",
                console=folder / "console.log",
                monitor="monitor",
                pid=folder / "pid",
                port=segment.local_path(machine.name),
            ),
            run_as="nobody" if system.is_root() else None,
        )

    def stop(self, machine: model.Machine) -> None:
        """Press the power button and wait; a machine that does not listen is switched off."""
        folder = self._space.machine(machine.name)
        running = process.of(machine.uuid, folder / "pid")
        if running is not None:
            self.resume(machine)  # one that is held does not feel its power button
            monitor.execute(folder / "monitor", "system_powerdown")
            if not process.wait(running, _SHUTDOWN):
                self._narrate(f"{machine.name} ignored its power button for {_SHUTDOWN:.0f} s")
                self._switch_off(machine.name)
        if base.State.RUNNING not in self.status().values():
            self._segment.end()

    def _switch_off(self, name: str) -> None:
        folder = self._space.machine(name)
        running = process.of(self._uuid(name), folder / "pid")
        if running is None:
            return
        with contextlib.suppress(errors.ProviderError):  # then it is killed
            monitor.execute(folder / "monitor", "quit", timeout=2.0)
        process.end(running)

    def made(self) -> Sequence[str]:
        """Name the lab's machines, those of the ledger, and those that have a folder."""
        planned = {machine.name for machine in self._lab.machines}
        folders = self._space.machine("").glob("*/")
        return sorted({*planned, *self._space.ledger.machines(), *(each.name for each in folders)})

    def _uuid(self, name: str) -> uuid.UUID:
        return derive.machine_uuid(self._lab.name, name)

    def destroy(self, name: str) -> None:
        """Switch the machine off and remove its folder."""
        ledger = self._space.ledger
        with contextlib.suppress(errors.LabError):  # a full disk must not keep itself full
            ledger.set(name, workspace.Mark.REMOVING)
        self._switch_off(name)
        folder = self._space.machine(name)
        for stray in process.every({self._uuid(name): folder / "pid"}):
            stray.kill()
            process.end(stray)
        if folder.exists():
            shutil.rmtree(folder)
        self._segment.leave(name)
        ledger.set(name, None)

    def clear(self) -> None:
        """End the switch of the segment; its folder is the lab's."""
        self._segment.end()

    def leftovers(self) -> Sequence[str]:
        """Look for processes and folders of the lab's machines, and for their switch."""
        folders = {self._uuid(name): self._space.machine(name) for name in self.made()}
        strays = process.every({machine: folder / "pid" for machine, folder in folders.items()})
        found = [f"process {stray.pid} (qemu-system-x86_64)" for stray in strays]
        found += [f"process {each.pid} (switch)" for each in self._segment.running()]
        return [*found, *(str(folder) for folder in folders.values() if folder.exists())]

    def alive(self, machine: model.Machine) -> None:
        """Complain when the machine's process has ended.

        Raises:
            errors.ProviderError: It has.
        """
        if self._state(machine) is not base.State.RUNNING:
            raise errors.ProviderError(
                f"the QEMU process of {machine.name} has ended",
                hint="the tail of its console shows how far it came",
            )

    def console_tail(self, machine: model.Machine, lines: int = 15) -> str:
        """Return the end of the serial console's log."""
        path = self._space.machine(machine.name) / "console.log"
        if not path.exists():
            return ""
        return visible.console(path.read_text(encoding="utf-8", errors="replace"), lines)

    def pause(self, machine: model.Machine) -> None:
        """Hold the machine's processors."""
        self._tell(machine, "stop")

    def resume(self, machine: model.Machine) -> None:
        """Let the machine's processors go on."""
        self._tell(machine, "cont")

    def _tell(self, machine: model.Machine, verb: str) -> None:
        if self._state(machine) is base.State.RUNNING:
            monitor.execute(self._space.machine(machine.name) / "monitor", verb)

    def snapshots(self, machine: model.Machine) -> Mapping[str, base.Snapshot]:
        """Look into the machine's disk."""
        return snapshot.found(self._space.machine(machine.name) / "disk.qcow2")

    def save(self, machine: model.Machine, name: str) -> None:
        """Save the machine into its own disk."""
        folder = self._space.machine(machine.name)
        running = self._state(machine) is base.State.RUNNING
        try:
            snapshot.save(folder, name, running=running)
        except errors.ProviderError as error:
            with contextlib.suppress(errors.ProviderError):  # QEMU leaves nothing of it itself
                self.discard(machine, name)
            what = f"{machine.name} could not be saved"
            raise snapshot.refusal(what, folder, error) from error

    def restore(self, machine: model.Machine, name: str) -> None:
        """Load the machine from its own disk: into a new process, or the disk alone."""
        folder = self._space.machine(machine.name)
        what = f"{machine.name} could not be brought back"
        saved = self.snapshots(machine).get(name)
        if saved is None:
            raise errors.ProviderError(f"{what}: it has no snapshot '{name}'")
        try:
            # Always into a new process: in one that ran on, the emulated TSC would not go back but
            # leap, and systemd in the machine would take its services for hung and restart them.
            self._switch_off(machine.name)
            if saved.running:
                self._segment.launch(command.held(self._command(machine)), machine.name)
            snapshot.load(folder, name, running=saved.running)
        except errors.ProviderError as error:
            self._switch_off(machine.name)  # half loaded memory runs nowhere
            raise snapshot.refusal(what, folder, error) from error

    def discard(self, machine: model.Machine, name: str) -> None:
        """Remove the snapshot from the machine's disk."""
        if name in self.snapshots(machine):
            running = self._state(machine) is base.State.RUNNING
            snapshot.discard(self._space.machine(machine.name), name, running=running)
