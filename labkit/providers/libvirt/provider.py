"""Machines of the host's libvirt. Vagrant makes them; virsh looks, starts, stops and saves."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
import types
from typing import TYPE_CHECKING

import psutil

from labkit import errors, system, visible, workspace
from labkit.images import catalog, store
from labkit.providers import base, identity
from labkit.providers.libvirt import (
    domains,
    driver,
    forwards,
    networks,
    power,
    preflight,
    removal,
    shape,
    snapshot,
    storage,
    virsh,
)
from labkit.render import libvirt as hardware
from labkit.render import vagrantfile
from labkit.vagrant import tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.plan import model
    from labkit.workspace import registry


_REMOVING = threading.Lock()


class Provider(base.Provider):
    """The system's libvirt: networks of the lab's own, and volumes in a pool."""

    _driver: driver.Driver = "qemu"
    _images: Mapping[str, store.Image] = types.MappingProxyType({})

    @functools.cached_property
    def _entry(self) -> registry.Entry:
        return domains.printable(self._space.entry)

    @functools.cached_property
    def _vagrant(self) -> tool.Vagrant:
        return tool.Vagrant(self._space.path, "libvirt", self._narrate)

    @functools.cached_property
    def _pool(self) -> storage.Pool:
        return storage.Pool(str(self._lab.provider_options.get("pool", "default")))

    def preflight(self) -> Sequence[base.Finding]:
        """Try libvirt and Vagrant, and look at networks, names and memory."""
        states: Mapping[str, base.State] = {}
        with contextlib.suppress(errors.ProviderError):  # said below
            states = self.status()
        return preflight.look(self._lab, self._entry, states)

    def prepare(self) -> None:
        """Make the images, the pool and the networks, and write the Vagrantfile for this host."""
        system.require(*preflight.PROGRAMS)
        here = self._space.folder
        self._images = {
            name: store.ensure(name, narrate=self._narrate, folder=here)
            for name in sorted({machine.image for machine in self._lab.machines})
        }
        wanted = str(self._lab.provider_options.get("driver", "auto"))
        image = next(iter(self._images.values()))
        self._driver = driver.choose(wanted, image, self._narrate)
        folder = self._pool.ensure()
        planned = hardware.host(self._lab, self._space.entry)
        host = dataclasses.replace(planned, driver=self._driver, folder=folder)
        for name, image in self._images.items():
            self._pool.provide(image, host.images[name], self._narrate)
        self._space.make()
        networks.ensure(self._lab, self._entry, self._space.path)
        text = vagrantfile.render(self._lab, vagrantfile.template(here), libvirt=host)
        workspace.write(self._space.path / "Vagrantfile", text)

    def _name(self, machine: str) -> str:
        return hardware.domain(self._lab.name, machine)

    def _look(self, *machines: str) -> dict[str, domains.Domain]:
        """Ask for the domains of machines, by the machine; those of others are not there."""
        wanted = {self._name(machine): machine for machine in machines}
        found = domains.look(wanted.keys())
        return {
            wanted[name]: domain
            for name, domain in found.items()
            if domains.owner(domain) == self._entry
        }

    def status(self) -> Mapping[str, base.State]:
        """Ask libvirt for all machines in one go."""
        names = [machine.name for machine in self._lab.machines]
        found = self._look(*names)
        return {name: found[name].state if name in found else base.State.ABSENT for name in names}

    def at_once(self) -> int:
        """Emulated machines are pure work: more of them than processors only get in their way."""
        if self._driver == "qemu":
            return psutil.cpu_count() or 1
        return super().at_once()

    def endpoint(self, machine: model.Machine) -> base.Endpoint:
        """Say where the machine's SSH is: on the NAT network, where this host is too."""
        return base.Endpoint(
            machine.name,
            *self._lab.ssh(machine),
            user=catalog.get(machine.image, folder=self._space.folder).user,
            key=self._keys().login_file,
            known_hosts=self._space.known_hosts,
        )

    def start(self, machine: model.Machine) -> base.Endpoint:
        """Have Vagrant make the machine when there is none; start it when it does not run."""
        ledger = self._space.ledger
        is_new = ledger.machines().get(machine.name) is workspace.Mark.MAKING
        domain = self._look(machine.name).get(machine.name)
        if domain and not shape.is_whole(self._lab, machine, domain, is_new=is_new):
            self._narrate(f"{machine.name} was made only half: made anew")
            self._remove(machine.name, domain)
            domain = None
        if domain is None:
            self._make(machine)
        elif domain.state is base.State.STOPPED:
            shape.fit(machine, domain)
            ledger.set(machine.name, workspace.Mark.MADE)
            virsh.run("start", domain.name)
        else:
            shape.refuse_other(machine, domain)
            if is_new:
                ledger.set(machine.name, workspace.Mark.MADE)
        forwards.start(self._lab, self._space, machine)
        return self.endpoint(machine)

    def _make(self, machine: model.Machine) -> None:
        ledger, name = self._space.ledger, self._name(machine.name)
        there = self._pool.of(name)
        if there and machine.name not in ledger.machines():
            raise errors.ProviderError(
                f"libvirt's pool '{self._pool.name}' has {', '.join(sorted(there))} already",
                hint="rename the lab in lab.yml; nothing of others is touched",
            )
        ledger.set(machine.name, workspace.Mark.MAKING)
        self._forget(machine.name)
        self._pool.remove(*there)
        folder = self._space.machine(machine.name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        image = self._images[machine.image]
        seed = identity.of(machine, image.user, self._keys())
        self._pool.seed(hardware.volume(name, "seed"), seed, image.seed, folder)
        self._pool.disks(self._lab, machine, hardware.image(machine.image, self._space.folder))
        self._vagrant.up(machine.name)
        ledger.set(machine.name, workspace.Mark.MADE)

    def _forget(self, name: str) -> None:
        """Have Vagrant forget a machine that is not there any more, and would be in its way."""
        known = self._space.path / ".vagrant" / "machines" / name / "libvirt" / "id"
        if known.exists():
            with contextlib.suppress(errors.ProviderError):
                self._vagrant.destroy(name)
            known.unlink(missing_ok=True)

    def stop(self, machine: model.Machine) -> None:
        """Press the power button and wait; a machine that does not listen is switched off."""
        forwards.end(self._space, machine.name)
        if self._runs(machine) and not power.press(self._name(machine.name)):
            self._narrate(f"{machine.name} ignored its power button for {power.PATIENCE:.0f} s")
            power.cut(self._name(machine.name))

    def _runs(self, machine: model.Machine) -> bool:
        domain = self._look(machine.name).get(machine.name)
        return domain is not None and domain.state is base.State.RUNNING

    def made(self) -> Sequence[str]:
        """Name the lab's machines, those of the ledger, and those that libvirt knows as ours."""
        planned = {machine.name for machine in self._lab.machines}
        folders = {each.name for each in self._space.machine("").glob("*/")}
        return sorted({*planned, *self._space.ledger.machines(), *folders})

    def destroy(self, name: str) -> None:
        """Remove the machine, and with the last one the networks."""
        ledger = self._space.ledger
        forwards.end(self._space, name)
        domain = self._look(name).get(name)
        if domain is not None or name in ledger.machines():
            with contextlib.suppress(errors.LabError):  # a full disk must not keep itself full
                ledger.set(name, workspace.Mark.REMOVING)
            self._remove(name, domain)
            ledger.set(name, None)
        with _REMOVING:  # the networks go once, after the last machine
            if not self._look(*self.made()):
                networks.remove(self._entry)

    def _remove(self, name: str, domain: domains.Domain | None) -> None:
        """Have Vagrant remove the machine, then whatever it left, and look.

        Raises:
            errors.LeftoverError: Something is still there.
        """
        if domain:
            removal.switch_off(domain)  # its work would only hold Vagrant up
            self._forget(name)
            domain = self._look(name).get(name)
        if domain:
            removal.undefine(domain)
        full = self._name(name)
        self._pool.remove(*self._pool.of(full))
        if left := sorted(self._pool.of(full)):
            raise errors.LeftoverError(
                f"libvirt still has {', '.join(left)}",
                hint=f"'virsh vol-delete NAME --pool {self._pool.name}' says why; then run the "
                "same task again",
            )

    def leftovers(self) -> Sequence[str]:
        """Look for the lab's domains and networks, and for volumes of machines that we made."""
        domain = [f"domain {each.name}" for each in self._look(*self.made()).values()]
        network = [f"network {each.name}" for each in networks.own(self._entry)]
        known = self._pool.volumes()
        marked = [self._name(name) for name in self._space.ledger.machines()]
        volume = [each for each in known if any(storage.is_of(name, each) for name in marked)]
        led = [f"forwards of {name}" for name in self.made() if forwards.running(self._space, name)]
        return [*led, *domain, *network, *(f"volume {each}" for each in sorted(volume))]

    def alive(self, machine: model.Machine) -> None:
        """Complain when the machine's domain is off or gone.

        Raises:
            errors.ProviderError: It is.
        """
        if not self._runs(machine):
            raise errors.ProviderError(
                f"the domain of {machine.name} has ended",
                hint="the tail of its console shows how far it came",
            )

    def console_tail(self, machine: model.Machine, lines: int = 15) -> str:
        """Return the end of the serial console's log."""
        target = self._space.machine(machine.name) / "console.log"
        text = self._pool.read(hardware.volume(self._name(machine.name), "log"), target)
        return visible.console(text, lines)

    def pause(self, machine: model.Machine) -> None:
        """Hold the machine's processors."""
        if self._runs(machine):
            power.hold(self._name(machine.name))

    def resume(self, machine: model.Machine) -> None:
        """Let the machine's processors go on."""
        if self._runs(machine):
            power.release(self._name(machine.name))

    def snapshots(self, machine: model.Machine) -> Mapping[str, base.Snapshot]:
        """Ask libvirt for the machine's snapshots."""
        if not self._look(machine.name):
            return {}
        return snapshot.found(self._name(machine.name))

    def save(self, machine: model.Machine, name: str) -> None:
        """Save the machine into its own disks."""
        try:
            snapshot.save(self._name(machine.name), name)
        except errors.ProviderError as error:
            with contextlib.suppress(errors.ProviderError):  # nothing of it is left then
                self.discard(machine, name)
            raise snapshot.refusal(f"{machine.name} could not be saved", error) from error

    def restore(self, machine: model.Machine, name: str) -> None:
        """Load the machine from its own disks, into a new process."""
        what = f"{machine.name} could not be brought back"
        saved = self.snapshots(machine).get(name)
        if saved is None:
            raise errors.ProviderError(f"{what}: it has no snapshot '{name}'")
        try:
            # In a process that ran on, the emulated TSC would leap; see the provider qemu.
            power.cut(self._name(machine.name))
            snapshot.load(self._name(machine.name), name, running=saved.running)
        except errors.ProviderError as error:
            power.cut(self._name(machine.name))  # half loaded memory runs nowhere
            raise snapshot.refusal(what, error) from error

    def discard(self, machine: model.Machine, name: str) -> None:
        """Remove the snapshot from the machine's disks."""
        if name in self.snapshots(machine):
            snapshot.discard(self._name(machine.name), name)
