"""The vCenter's inventory by names and paths, as people write them. Pure.

All of it was read in one go, so that looking something up costs nothing; a name that fits nothing,
or two things, is an error that says the path and what there is instead.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers.vsphere import api, inventory, stamp, wanted
from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labkit.providers.vsphere import options as choices
    from labkit.providers.vsphere import retrieve

PATHS: Mapping[str, Sequence[str]] = {
    "Datacenter": ("name", "vmFolder"),
    "Folder": ("name", "parent", "customValue"),
    "ComputeResource": ("name", "parent", "resourcePool"),
    "ResourcePool": ("name", "parent"),
    "Datastore": ("name", "summary.accessible", "summary.freeSpace"),
    "DistributedVirtualPortgroup": (
        *("name", "key", "customValue", "vm"),
        *("config.distributedVirtualSwitch", "config.defaultPortConfig"),
    ),
    "DistributedVirtualSwitch": ("name", "uuid"),
    "Network": ("name", "parent"),
    "VirtualMachine": ("name", "parent", "config.template"),
}
"""What is read of the whole vCenter, once a run."""

_NETWORKS = {"Network", "DistributedVirtualPortgroup", "OpaqueNetwork"}


@dataclasses.dataclass(frozen=True, slots=True)
class Places:
    """All that was read, by the types of things."""

    found: Mapping[str, retrieve.Found]
    """By moid."""
    field: int | None
    """The key of labkit's custom attribute, where the vCenter has it."""

    def of(self, *kinds: str) -> list[retrieve.Found]:
        """Return all objects of some types."""
        types = tuple(getattr(api.vim, kind) for kind in kinds)
        return [each for each in self.found.values() if isinstance(each.ref, types)]

    def path(self, found: retrieve.Found) -> str:
        """Return where something is, from the top down, without the invisible folders."""
        names: list[str] = []
        at: retrieve.Found | None = found
        while at is not None:
            names.append(str(at.get("name", at.moid)))
            parent = at.get("parent")
            at = self.found.get(api.moid(parent)) if parent else None
        return "/".join(reversed(names))

    def datacenter(self, name: str | None) -> retrieve.Found:
        """Return a data center; None means the only one."""
        known = self.of("Datacenter")
        if name is None:
            if len(known) == 1:
                return known[0]
            raise errors.ProviderError(
                f"the vCenter has {len(known)} data centers, and lab.yml names none",
                hint=f"set providers.vsphere.datacenter to one of: {_names(known)}",
            )
        return self._one("data center", name, known)

    def pool(self, path: Sequence[str]) -> retrieve.Found:
        """Return the resource pool of a path: a cluster or host, and pools below it."""
        owner = self._one("cluster or host", path[0], self.of("ComputeResource"))
        pool = self.found[api.moid(owner.get("resourcePool"))]
        for name in path[1:]:
            inside = [
                each
                for each in self.of("ResourcePool")
                if each.get("parent") and api.moid(each.get("parent")) == pool.moid
            ]
            pool = self._one(f"resource pool in {self.path(pool)}", name, inside)
        return pool

    def datastore(self, name: str) -> retrieve.Found:
        """Return a datastore."""
        return self._one("datastore", name, self.of("Datastore"))

    def network(self, group: choices.PortGroup) -> wanted.Network:
        """Return a network that exists, by its name or key."""
        known = [each for each in self.of("Network") if each.kind in _NETWORKS]
        if group.key is not None:
            fitting = [each for each in known if group.key in {each.get("key"), each.moid}]
            if not fitting:
                raise errors.ProviderError(
                    f"the vCenter has no network with the key '{group.key}'",
                    hint=f"there are: {', '.join(sorted(map(_shown, known)))}",
                )
            return self.understood(fitting[0])
        name = group.name or ""
        fitting = [each for each in known if each.get("name") == name]
        if len(fitting) > 1:
            keys = ", ".join(sorted(f"{_key(each)} ({self._home(each)})" for each in fitting))
            raise errors.ProviderError(
                f"{len(fitting)} networks have the name '{name}': {keys}",
                hint="name one by its key: {key: " + min(map(_key, fitting)) + "}",
            )
        return self.understood(self._one("network", name, known))

    def understood(self, found: retrieve.Found) -> wanted.Network:
        """Return a network as cards are plugged into it."""
        switch = self.found.get(_moid(found.get("config.distributedVirtualSwitch")))
        return wanted.Network(
            ref=found.ref,
            moid=found.moid,
            key=_key(found),
            name=str(found.get("name")),
            switch=str(switch.get("uuid")) if switch else "",
        )

    def _home(self, found: retrieve.Found) -> str:
        switch = self.found.get(_moid(found.get("config.distributedVirtualSwitch")))
        return f"on the distributed switch {switch.get('name')}" if switch else "a standard network"

    def switch(self, name: str) -> retrieve.Found:
        """Return a distributed switch."""
        return self._one("distributed switch", name, self.of("DistributedVirtualSwitch"))

    def port_groups(self, switch: retrieve.Found, name: str) -> list[retrieve.Found]:
        """Return a switch's port groups of a name."""
        return [
            each
            for each in self.of("DistributedVirtualPortgroup")
            if each.get("name") == name
            and _moid(each.get("config.distributedVirtualSwitch")) == switch.moid
        ]

    def machines(self, name: str) -> list[retrieve.Found]:
        """Return all machines of a name, wherever they are."""
        return [each for each in self.of("VirtualMachine") if each.get("name") == name]

    def template(self, datacenter: retrieve.Found, path: str) -> retrieve.Found:
        """Return a template, or a machine to clone: by its name, or its path below the folder."""
        *folders, name = path.split("/")
        fitting = self.machines(name)
        if folders:
            folder = self.folder(datacenter, folders)
            inside = folder.moid if folder else ""
            fitting = [each for each in fitting if _moid(each.get("parent")) == inside]
        if len(fitting) > 1:
            where = ", ".join(sorted(self.path(each) for each in fitting))
            raise errors.ProviderError(
                f"{len(fitting)} machines have the name '{path}': {where}",
                hint="write the template's path below the data center: FOLDER/NAME",
            )
        if fitting:
            return fitting[0]
        known = [each for each in self.of("VirtualMachine") if each.get("config.template")]
        raise _unknown("template", path, [str(each.get("name")) for each in known])

    def folder(self, datacenter: retrieve.Found, names: Sequence[str]) -> retrieve.Found | None:
        """Return the folder of a path below a data center's folder for machines, if it is there."""
        at = self.found.get(_moid(datacenter.get("vmFolder")))
        for name in names:
            if at is None:
                return None
            at = self.child(at.moid, name)
        return at

    def child(self, parent: str, name: str) -> retrieve.Found | None:
        """Return the folder of a name in another one."""
        inside = (each for each in self.of("Folder") if _moid(each.get("parent")) == parent)
        return next((each for each in inside if each.get("name") == name), None)

    def stamp(self, found: retrieve.Found) -> stamp.Stamp | None:
        """Return whose an object is, as its custom attribute says."""
        return stamp.read(inventory.custom(found, self.field))

    def _one(self, what: str, name: str, known: Iterable[retrieve.Found]) -> retrieve.Found:
        known = list(known)
        fitting = [each for each in known if each.get("name") == name]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            where = ", ".join(sorted(self.path(each) for each in fitting))
            raise errors.ProviderError(
                f"{len(fitting)} objects are a {what} '{name}': {where}",
                hint="rename one of them, or name a data center that has only one",
            )
        raise _unknown(what, name, [str(each.get("name")) for each in known])


def _unknown(what: str, name: str, known: Sequence[str]) -> errors.ProviderError:
    hint = words.nearest(name, known, otherwise="there are:") if known else "there is none"
    return errors.ProviderError(f"the vCenter has no {what} '{name}'", hint=hint)


def _names(found: Iterable[retrieve.Found]) -> str:
    return ", ".join(sorted(str(each.get("name")) for each in found)) or "none"


def _shown(found: retrieve.Found) -> str:
    return f"{_key(found)} {found.get('name')}"


def _key(found: retrieve.Found) -> str:
    return str(found.get("key") or found.moid)


def _moid(reference: object) -> str:
    return api.moid(reference) if reference else ""
