"""The provider for a vCenter: makes, starts, stops and removes machines on it."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from labkit import errors, parallel, signals, workspace
from labkit.providers import base
from labkit.providers.vsphere import (
    access,
    baked,
    bring,
    connection,
    inventory,
    journal,
    master,
    options,
    preflight,
    remember,
    settle,
    site,
    together,
    wanted,
    window,
)
from labkit.providers.vsphere import lab as labs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labkit.plan import model
    from labkit.providers import keeper
    from labkit.providers.vsphere import view

_FRESH = 15.0
"""Seconds for which what was read of all machines serves the next question, too."""
_TELLING = 600.0
"""Seconds that VMware Tools have to tell an address after power-on."""


def _nobody(_machine: str, _text: str) -> None:
    pass


class Provider(base.Provider):
    """Machines on a vCenter. The vCenter is the truth; what is ours there has the lab's stamp."""

    _tell: Callable[[str, str], None] = staticmethod(_nobody)

    @functools.cached_property
    def lab(self) -> labs.Lab:
        """The lab on its vCenter, which is not asked anything yet."""
        chosen = options.of(self._lab)
        return labs.Lab(
            self._lab,
            self._space,
            self._keys,
            chosen,
            site.of(chosen, self._space.folder),
            journal.Journal(self._space.path / "vsphere.json"),
            self._narrate,
        )

    @functools.cached_property
    def _templates(self) -> baked.Keeper:
        return baked.Keeper(self.lab)

    @property
    def keeper(self) -> baked.Keeper:
        """Return who keeps what was baked as templates."""
        return self._templates

    def listen(self, tell: Callable[[str, str], None]) -> None:
        """Take whom to tell what the vCenter does with single machines."""
        self._tell = tell

    def preflight(self) -> Sequence[base.Finding]:
        """Look whether all that lab.yml names is there, and whether there is room."""
        return preflight.findings(self.lab)

    def prepare(self) -> None:
        """Make the folder and the lab's own port groups, and the mark for whatever is made."""
        lab = self.lab
        lab.space.make()
        remember.remember(lab)
        lab.site.ensure_field()
        if lab.chosen.library is not None:
            master.ensure(lab)
        _ = lab.folder, lab.networks, lab.template

    def mend(self) -> None:
        """Wait for what an earlier run has left under way, before the inventory is looked at."""
        lab = self.lab
        beginning = f"{self._lab.name}-"
        template = (lab.chosen.template or "").rpartition("/")[2]
        source = master.PREFIX if lab.chosen.library else beginning

        def is_ours(name: str) -> bool:
            return name.startswith((beginning, source)) or name == template

        if settle.settle(lab.site, lab.journal, is_ours, self._narrate):
            lab.view.look()

    def status(self) -> Mapping[str, base.State]:
        """Look at all machines in one go."""
        return self.states(self.lab.view.look())

    @classmethod
    def statuses(cls, labs: Mapping[str, base.Provider]) -> Mapping[str, Any]:
        """Look at the machines of all labs in one go."""
        own = {name: each for name, each in labs.items() if isinstance(each, Provider)}
        seen = together.look(parallel.each(own, lambda each: each.lab))
        return {
            name: each if isinstance(each, Exception) else own[name].states(each)
            for name, each in seen.items()
        }

    def states(self, seen: view.Seen) -> Mapping[str, base.State]:
        """Say what was seen, by the plan's names."""
        self.lab.learn(seen.machines)
        found = {name: each.state for name, each in seen.machines.items()}
        return {each.name: found.get(each.name, base.State.ABSENT) for each in self._lab.machines}

    def known(self, machine: model.Machine) -> model.Machine:
        """Return the machine with the MAC addresses that the vCenter gave, and its real address."""
        return self.lab.real(machine)

    def endpoint(self, machine: model.Machine) -> base.Endpoint:
        """Say where the machine's SSH is."""
        return access.endpoint(self.lab, machine)

    def start(self, machine: model.Machine) -> base.Endpoint:
        """Clone the machine where it is missing, set it up, and power it on."""
        seen = self.lab.view.look(age=_FRESH).machines.get(machine.name)
        if seen is not None and seen.running and seen.marked:
            wanted.refuse_other(machine, self.lab.networks, seen)
        else:
            is_new = seen is None or not seen.marked
            birth = self.birth(machine) if is_new else base.Birth()
            want = self.lab.want(machine, birth)
            ledger = self._space.ledger
            ledger.set(machine.name, workspace.Mark.MAKING if seen is None else workspace.Mark.MADE)
            self._bring(machine, want, birth.kept)
            ledger.set(machine.name, workspace.Mark.MADE)
        self._wait_for_address(machine)
        return self.endpoint(machine)

    def _bring(self, machine: model.Machine, want: wanted.Wanted, kept: keeper.Kept | None) -> None:
        lab = self.lab
        hands = lab.hands(machine)
        if kept is not None:
            place = functools.partial(self.keeper.place, kept.about.digest)
            hands = dataclasses.replace(hands, place=place)
        for is_last in (False, True):
            ref = lab.view.look(age=_FRESH).ref(machine.name)
            lab.view.refuse_stranger(want.name, machine.name)
            try:
                seen = self._run(machine.name, bring.bring(want, ref, hands))
            except connection.BrokenError:
                if is_last:
                    raise
                # Whether it was heard shows when all that runs has ended: only then look again.
                self.mend()
                lab.view.look()
            else:
                lab.view.put(machine.name, seen)
                self._keep(machine.name, want, seen)
                return

    def _keep(self, name: str, want: wanted.Wanted, seen: inventory.Machine) -> None:
        facts = {kind: card.mac for kind, card in zip(wanted.KINDS, seen.cards, strict=False)}
        if self.lab.chosen.addresses == "range":
            facts["address"] = str(want.machine.nic("nat").address.ip)
        self.lab.journal.learn({name: {**self.lab.journal.facts(name), **facts}})

    def _wait_for_address(self, machine: model.Machine) -> None:
        if self.lab.chosen.addresses == "guest":
            access.wait_for_address(
                self.lab,
                machine,
                lambda: self.lab.learn(self.lab.view.look(age=1.0).machines),
                lambda text: self._tell(machine.name, text),
                _TELLING,
            )

    def _run(self, name: str, work: window.Work) -> Any:  # noqa: ANN401 - what the work returns
        signals.check()
        lab = self.lab
        return lab.site.window.run(name, work, lambda text: self._tell(name, text), lab.journal)

    def at_once(self) -> int:
        """The vCenter has the work; what waits here are threads."""
        return max(parallel.AT_ONCE, 4 * self.lab.chosen.window)

    def stop(self, machine: model.Machine) -> None:
        """Ask the guest to shut down; one that does not listen is switched off."""
        ref = self.lab.view.look(age=_FRESH).ref(machine.name)
        if ref is not None:
            own, field = self.lab.view.own, self.lab.site.field
            if not self._run(machine.name, bring.stop(ref, own, field)):
                self._narrate(f"{machine.name} did not shut down by itself: switched off")

    def made(self) -> Sequence[str]:
        """Name the lab's machines, those of the ledger, and those that have its stamp."""
        planned = {machine.name for machine in self._lab.machines}
        there = self.lab.view.look(age=_FRESH).machines
        return sorted({*planned, *self._space.ledger.machines(), *there})

    def destroy(self, name: str) -> None:
        """Switch the machine off, and remove it with its disks."""
        ledger = self._space.ledger
        ref = self.lab.view.look(age=_FRESH).ref(name)
        if ref is not None:
            ledger.set(name, workspace.Mark.REMOVING)
            self._run(name, bring.destroy(ref, self.lab.view.own, self.lab.site.field))
            self.lab.view.put(name, None)
        if ref is not None or name in ledger.machines():
            ledger.set(name, None)

    def clear(self) -> None:
        """Remove the lab's own port groups, and its folder when nothing is left in it."""
        lab = self.lab
        lab.shared.remove(lab.view.look().folder, self._lab.name, lab.chosen.networks)

    def leftovers(self) -> Sequence[str]:
        """Look for machines that have the lab's stamp."""
        seen = self.lab.view.look()
        return [f"the machine '{each.name}' on the vCenter" for each in seen.machines.values()]

    def alive(self, machine: model.Machine) -> None:
        """Complain when the machine is powered off.

        Raises:
            errors.ProviderError: It is.
        """
        seen = self.lab.view.look(age=_FRESH).machines.get(machine.name)
        if seen is None or not seen.running:
            raise errors.ProviderError(
                f"{machine.name} is {'powered off' if seen else 'no longer there'} on the vCenter",
                hint="look at the machine's events in the vCenter's window",
            )

    def console_tail(self, machine: model.Machine, lines: int = 15) -> str:
        """Return nothing: a vCenter keeps no log of a console."""
        del machine, lines
        return ""

    def pause(self, machine: model.Machine) -> None:
        """Do nothing: a snapshot holds the machine itself, and for a moment only."""

    def resume(self, machine: model.Machine) -> None:
        """Do nothing: no machine is held."""

    def snapshots(self, machine: model.Machine) -> Mapping[str, base.Snapshot]:
        """Look for the machine's snapshots."""
        seen = self.lab.view.look(age=_FRESH).machines.get(machine.name)
        return seen.snapshots if seen else {}

    def save(self, machine: model.Machine, name: str) -> None:
        """Save the machine's disk, with its memory when it runs."""
        self._change(machine, "could not be saved", bring.save, name)

    def restore(self, machine: model.Machine, name: str) -> None:
        """Bring the machine back to a snapshot."""
        self._change(machine, "could not be brought back", bring.restore, name)

    def discard(self, machine: model.Machine, name: str) -> None:
        """Remove a snapshot of the machine."""
        self._change(machine, "still has the snapshot", bring.discard, name)

    def _change(
        self, machine: model.Machine, what: str, work: Callable[..., window.Work], name: str
    ) -> None:
        lab = self.lab
        ref = lab.view.ref(machine.name)
        try:
            if ref is not None:
                self._run(machine.name, work(ref, lab.view.own, lab.site.field, name))
            elif work is not bring.discard:
                raise errors.ProviderError("it is not on the vCenter", hint="run 'lab.up'")
        except errors.ProviderError as error:
            message = f"{machine.name} {what}: {error.message}"
            raise errors.ProviderError(message, hint=error.hint) from error
        finally:
            lab.view.forget()
