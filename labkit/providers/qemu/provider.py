"""Machines as QEMU processes."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import psutil

from labkit import errors, system, visible, workspace
from labkit.images import catalog, store
from labkit.images import seed as seeds
from labkit.plan import derive
from labkit.providers import base
from labkit.providers.qemu import accelerator, command, monitor, process

if TYPE_CHECKING:
    import pathlib
    import uuid
    from collections.abc import Callable, Mapping, Sequence

    from labkit.plan import model
    from labkit.ssh import keyring

_SHUTDOWN = 90.0
"""Seconds that a machine has to shut down; an emulated one on a loaded host takes about ten."""


class Provider(base.Provider):
    """QEMU: user networking for NAT, a multicast segment on the loopback card for host-only."""

    def __init__(
        self,
        lab: model.Lab,
        space: workspace.Workspace,
        keys: Callable[[], keyring.Keyring],
        narrate: Callable[[str], None],
    ) -> None:
        """Remember the lab; nothing is made yet."""
        self._lab = lab
        self._space = space
        self._keys = keys
        self._narrate = narrate
        self._images: dict[str, store.Image] = {}
        self._accelerator: command.Accelerator = "tcg"

    def preflight(self) -> Sequence[base.Finding]:
        """Look at programs, ports and memory."""
        running = {name for name, state in self.status().items() if state is base.State.RUNNING}
        absent = [machine for machine in self._lab.machines if machine.name not in running]
        return (*(_port(machine) for machine in absent), _memory(absent))

    def prepare(self) -> None:
        """Install QEMU where it is missing, make the images, and choose the accelerator."""
        system.require("qemu-system-x86_64", "qemu-img")
        for name in sorted({machine.image for machine in self._lab.machines}):
            self._images[name] = store.ensure(
                name, narrate=self._narrate, folder=self._space.folder
            )
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

    def at_once(self) -> int:
        """Emulated machines are pure work: more of them than processors only get in their way."""
        if self._accelerator == "tcg":
            return psutil.cpu_count() or 1
        return super().at_once()

    def endpoint(self, machine: model.Machine) -> base.Endpoint:
        """Say where the machine's SSH is."""
        return base.Endpoint(
            machine=machine.name,
            host="127.0.0.1",
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
        if state is base.State.RUNNING:
            self._refuse_other_hardware(machine, words)
        else:
            ledger.set(machine.name, workspace.Mark.MADE)
            _run(words, cwd=self._space.machine(machine.name))
        return self.endpoint(machine)

    def _refuse_other_hardware(self, machine: model.Machine, words: list[str]) -> None:
        running = process.of(machine.uuid, self._space.machine(machine.name) / "pid")
        if running is not None and running.cmdline() != words:
            raise errors.ProviderError(
                f"{machine.name} runs with other hardware than lab.yml says now",
                hint=f"'lab.halt --only {machine.name}', then 'lab.up' starts it with the new one",
            )

    def _make(self, machine: model.Machine) -> None:
        folder = self._space.machine(machine.name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        image = self._images[machine.image]
        keys = self._keys()
        identity = seeds.Seed(
            hostname=machine.name,
            user=image.user,
            authorized_keys=(keys.login.public,),
            host_key=keys.hosts[machine.name].private.reveal(),
            host_key_public=keys.hosts[machine.name].public,
        )
        _write_seed(identity, image.seed, folder / "seed")
        # The disk comes last: its being there means that the machine is whole.
        disk = folder / "disk.qcow2"
        new = folder / "disk.new"
        words = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(image.disk)]
        _run([*words, str(new), f"{machine.disk_gib}G"])
        new.replace(disk)

    def _command(self, machine: model.Machine) -> list[str]:
        folder = self._space.machine(machine.name)
        image = self._images[machine.image]
        return command.build(
            machine,
            network=self._lab.network("nat"),
            segment=derive.segment(self._lab.name),
            accelerator=self._accelerator,
            boot=_boot(machine, image, folder / "seed"),
            paths=command.Paths(
                disk=folder / "disk.qcow2",
                console=folder / "console.log",
                monitor="monitor",
                pid=folder / "pid",
            ),
            run_as="nobody" if system.is_root() else None,
        )

    def stop(self, machine: model.Machine) -> None:
        """Press the power button and wait; a machine that does not listen is switched off."""
        folder = self._space.machine(machine.name)
        running = process.of(machine.uuid, folder / "pid")
        if running is None:
            return
        monitor.execute(folder / "monitor", "system_powerdown")
        try:
            running.wait(_SHUTDOWN)
        except psutil.TimeoutExpired:
            self._narrate(f"{machine.name} ignored its power button for {_SHUTDOWN:.0f} s")
            self._switch_off(machine.name)

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
        ledger.set(name, workspace.Mark.REMOVING)
        self._switch_off(name)
        folder = self._space.machine(name)
        for stray in process.every({self._uuid(name): folder / "pid"}):
            stray.kill()
            process.end(stray)
        if folder.exists():
            shutil.rmtree(folder)
        ledger.set(name, None)

    def leftovers(self) -> Sequence[str]:
        """Look for processes and folders of the lab's machines."""
        folders = {self._uuid(name): self._space.machine(name) for name in self.made()}
        strays = process.every({machine: folder / "pid" for machine, folder in folders.items()})
        found = [f"process {stray.pid} (qemu-system-x86_64)" for stray in strays]
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


def _write_seed(identity: seeds.Seed, kind: store.Seed, path: pathlib.Path) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)  # it holds the machine's private host key
    if kind == "nocloud":
        seeds.nocloud(identity, path)
    else:
        path.write_bytes(seeds.fw_cfg(identity))


def _boot(machine: model.Machine, image: store.Image, seed: pathlib.Path) -> command.Boot:
    escaped = str(seed).replace(",", ",,")
    if image.seed == "nocloud":
        drive = f"driver=raw,node-name=seed,read-only=on,file.driver=file,file.filename={escaped}"
        option = ("-blockdev", drive, "-device", "virtio-blk-pci,drive=seed")
        return command.Boot(image.kernel, image.initrd, image.kernel_args, option)
    arguments = (
        f"{image.kernel_args} console=ttyS0 systemd.machine_id={machine.uuid.hex} "
        f"systemd.hostname={machine.name}"
    )
    option = ("-fw_cfg", f"name=opt/labkit/seed,file={escaped}")
    return command.Boot(image.kernel, image.initrd, arguments, option)


def _port(machine: model.Machine) -> base.Finding:
    name = f"port {machine.ssh_port} for {machine.name}"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", machine.ssh_port))
        except OSError as error:
            hint = f"end what listens there, or set machines.{machine.name}.ssh_port"
            return base.Finding(name, ok=False, detail=error.strerror or str(error), hint=hint)
    return base.Finding(name, ok=True, detail="free")


def _memory(machines: Sequence[model.Machine]) -> base.Finding:
    needed = sum(machine.memory_mib for machine in machines)
    free = psutil.virtual_memory().available >> 20
    detail = f"{needed} MiB needed, {free} MiB available"
    hint = "end other programs, or give the machines less memory"
    return base.Finding("memory", ok=needed <= free, detail=detail, hint=hint)


def _run(words: list[str], cwd: pathlib.Path | None = None) -> None:
    done = subprocess.run(
        words,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        raise errors.ProviderError(
            f"{words[0]} ended with status {done.returncode}: {done.stderr.strip()[-500:]}",
            hint="the last line above is its own; the full command is in the log",
        )
