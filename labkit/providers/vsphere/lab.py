"""One lab on a vCenter: what each of its machines shall be, from the plan and what is known."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import ipaddress
import platform
from typing import TYPE_CHECKING

from labkit import errors
from labkit.images import seed as seeds
from labkit.providers.vsphere import (
    addressing,
    bring,
    guestinfo,
    inventory,
    library,
    master,
    retrieve,
    shared,
    specs,
    stamp,
    view,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labkit import workspace
    from labkit.images import carried
    from labkit.plan import model
    from labkit.providers import base
    from labkit.providers.vsphere import api
    from labkit.providers.vsphere import journal as journals
    from labkit.providers.vsphere import options as choices
    from labkit.providers.vsphere import site as sites
    from labkit.ssh import keyring

_LONGEST = 80
"""Characters of a machine's name on a vCenter."""


def name(lab: str, machine: str) -> str:
    """Return a machine's name on the vCenter, which no other lab's machine has."""
    full = f"{lab}-{machine}"
    if len(full) <= _LONGEST:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:8]
    return f"{full[: _LONGEST - 9]}-{digest}"


@dataclasses.dataclass(frozen=True)
class Lab:
    """One lab, with the site that it is on."""

    plan: model.Lab
    space: workspace.Workspace
    keys: Callable[[], keyring.Keyring]
    chosen: choices.Options
    site: sites.Site
    journal: journals.Journal
    narrate: Callable[[str], None]

    @functools.cached_property
    def view(self) -> view.View:
        """What is there."""
        return view.View(
            self.site,
            self.journal,
            self.plan.id,
            self.chosen.datacenter,
            (*self.chosen.folder, self.plan.name),
            guest=self.chosen.addresses == "guest",
        )

    @property
    def shared(self) -> shared.Shared:
        """What the machines share."""
        return shared.Shared(self.site, self.journal, self.view.own, self.narrate)

    @functools.cached_property
    def networks(self) -> dict[str, wanted.Network]:
        """The networks of both cards."""
        return self.shared.ensure_networks(self.plan.name, self.chosen.networks)

    @functools.cached_property
    def folder(self) -> api.Ref:
        """The lab's own folder."""
        return self.shared.ensure_folder(self.chosen.datacenter, self.view.path)

    @property
    def folder_above(self) -> str:
        """The moid of the folder that the lab's own is in."""
        _ = self.folder
        known = self.site.places()
        found = known.folder(known.datacenter(self.chosen.datacenter), self.chosen.folder)
        if found is None:
            raise errors.ProviderError(
                f"the folder '{'/'.join(self.chosen.folder)}' is gone from the vCenter",
                hint="somebody removed it meanwhile; 'lab.up' makes it again",
            )
        return found.moid

    @functools.cached_property
    def item(self) -> library.Item:
        """The item of a content library that lab.yml names."""
        return library.find(self.site.rest, self.chosen.library or "")

    @functools.cached_property
    def is_copied(self) -> bool:
        """Whether there was something to clone; an item of a library is copied first, once."""
        return self.chosen.library is None or master.is_there(self)

    @functools.cached_property
    def template(self) -> inventory.Machine:
        """What machines are cloned from, with all that can be read of it."""
        known = self.site.places()
        path = self.chosen.template or "/".join((*self.chosen.folder, self.item.template))
        found = known.template(known.datacenter(self.chosen.datacenter), path)
        read = self.site.read(retrieve.of([found.ref], inventory.FULL))
        return inventory.machine(read[0], self.site.field)

    @property
    def snapshot(self) -> api.Ref | None:
        """The template's snapshot that disks are linked to; None for disks of their own.

        Raises:
            errors.ProviderError: lab.yml insists on linked clones, and there is no such snapshot.
        """
        if self.chosen.linked_clone == "never":
            return None
        refs = self.template.snapshot_refs
        if self.chosen.snapshot is not None:
            found = refs.get(self.chosen.snapshot)
        else:
            found = next(reversed(list(refs.values())), None)
        if found is None and (self.chosen.snapshot or self.chosen.linked_clone == "always"):
            which = f" '{self.chosen.snapshot}'" if self.chosen.snapshot else ""
            raise errors.ProviderError(
                f"the template '{self.template.name}' has no snapshot{which} to link disks to",
                hint="take one in the vCenter's window, or set linked_clone to never",
            )
        return found

    def place(self) -> specs.Place:
        """Return where to clone to."""
        known = self.site.places()
        store = self.chosen.datastore
        return specs.Place(
            folder=self.folder,
            pool=known.pool(self.chosen.resource_pool).ref,
            datastore=known.datastore(store).ref if store else None,
            template=self.template,
            snapshot=self.snapshot,
        )

    def origin(self) -> stamp.Origin:
        """Return where the lab is at home."""
        return stamp.Origin(self.plan.name, platform.node(), str(self.space.folder))

    @functools.cached_property
    def _range(self) -> dict[str, ipaddress.IPv4Address]:
        """The addresses that machines get from the range; those that have one keep it."""
        between, gateway = self.chosen.address_range, self.plan.network("nat").gateway
        if between is None:
            return {}
        names = [each.name for each in self.plan.machines]
        kept = {name: address for name in names if (address := self._known(name))}
        return addressing.assign(names, kept, between, (gateway,) if gateway else ())

    def _known(self, machine: str) -> ipaddress.IPv4Address | None:
        text = self.journal.facts(machine).get("address")
        return ipaddress.IPv4Address(text) if text else None

    def address(self, machine: str) -> ipaddress.IPv4Address | None:
        """Return the first card's address where lab.yml does not give it; None: not known yet.

        Raises:
            errors.ProviderError: The range is used up.
        """
        if self.chosen.addresses == "range":
            return self._range.get(machine)
        return self._known(machine) if self.chosen.addresses == "guest" else None

    def learn(self, machines: Mapping[str, inventory.Machine]) -> None:
        """Write down addresses that guests tell, where nothing else says them."""
        if self.chosen.addresses == "guest":
            facts = {name: self._told(name, each) for name, each in machines.items()}
            self.journal.learn({name: each for name, each in facts.items() if each})

    def _told(self, name: str, seen: inventory.Machine) -> dict[str, str]:
        facts = dict(self.journal.facts(name))
        told = addressing.reported(seen.addresses.get(facts.get("nat", ""), ()))
        return {**facts, "address": told} if told else {}

    def real(self, machine: model.Machine) -> model.Machine:
        """Return a machine with the MAC addresses and the address that it really has."""
        facts = self.journal.facts(machine.name)
        return addressing.with_facts(machine, facts, self.address(machine.name))

    def seed(self, machine: model.Machine) -> seeds.Seed:
        """Return what makes a machine unique."""
        keys = self.keys()
        return seeds.Seed(
            hostname=machine.name,
            user=self.chosen.login,
            authorized_keys=(keys.login.public,),
            host_key=keys.hosts[machine.name].private.reveal(),
            host_key_public=keys.hosts[machine.name].public,
        )

    def want(self, machine: model.Machine, birth: base.Birth) -> wanted.Wanted:
        """Return what a machine shall be, and what it begins with where it is new."""
        real = self.real(machine)
        user = guestinfo.user_data(self.seed(machine))
        dhcp = self.chosen.addresses == "guest"
        state = guestinfo.digest(machine if dhcp else real, user, self.chosen.customization)
        return wanted.Wanted(
            machine=real,
            name=name(self.plan.name, machine.name),
            stamp=dataclasses.replace(self.view.own, machine=machine.name, state=state),
            origin=self.origin(),
            networks=self.networks,
            user_data=user,
            linuxprep=self.chosen.customization == "linuxprep",
            dhcp=dhcp,
            files=self._files(machine, birth),
        )

    def _files(
        self, machine: model.Machine, birth: base.Birth
    ) -> Callable[[Mapping[str, str]], Sequence[carried.File]]:
        given = {file.path: file.text for file in seeds.identity(self.seed(machine))}

        @functools.cache
        def files(*macs: tuple[str, str]) -> Sequence[carried.File]:
            real = addressing.with_facts(machine, dict(macs), self.address(machine.name))
            return birth.files(real, given)

        return lambda macs: files(*macs.items())

    def hands(self, machine: model.Machine) -> bring.Hands:
        """Return what the steps of a machine need."""
        return bring.Hands(
            field=self.site.ensure_field(),
            place=self.place,
            identity=self.seed(machine),
            search=self.plan.search,
            mark=self.site.mark,
        )
