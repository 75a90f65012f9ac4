"""What of one lab is on its vCenter: read by one call, kept for a moment, shared by all threads."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import TYPE_CHECKING, Any

from labkit import errors
from labkit.providers.vsphere import api, faults, inventory, retrieve
from labkit.providers.vsphere import stamp as stamps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.providers.vsphere import journal as journals
    from labkit.providers.vsphere import places
    from labkit.providers.vsphere import site as sites

_GUEST = ("guest.net",)


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """All that is in the lab's folder."""

    folder: inventory.Folder | None
    machines: Mapping[str, inventory.Machine]
    """The lab's own, by the names that lab.yml gives."""
    strangers: Sequence[inventory.Machine] = ()

    def ref(self, name: str) -> api.Ref | None:
        """Return a machine's reference, if it exists."""
        found = self.machines.get(name)
        return found.ref if found else None


@dataclasses.dataclass(slots=True)
class View:
    """One lab's."""

    site: sites.Site
    journal: journals.Journal
    lab: str
    """The lab's id."""
    datacenter: str | None
    path: tuple[str, ...]
    """The lab's folder, from the data center's folder down."""
    guest: bool
    """Whether addresses of each card are read, too."""
    _lock: threading.RLock = dataclasses.field(default_factory=threading.RLock)
    _seen: Seen | None = None
    _at: float = 0.0
    _stale: bool = False

    @property
    def own(self) -> stamps.Stamp:
        """What marks all that is the lab's."""
        return stamps.Stamp(self.lab, self.site.owner)

    def look(self, *, age: float = 0.0) -> Seen:
        """Return what is there, not older than some seconds."""
        with self._lock:
            if self._seen is None or self._stale or time.monotonic() - self._at > age:
                return self._read()
            return self._seen

    def ref(self, name: str) -> api.Ref | None:
        """Return a machine's reference, which does not change with what the machine does."""
        with self._lock:
            return (self._seen or self.look()).ref(name)

    def refuse_stranger(self, name: str, machine: str) -> None:
        """Refuse to make a machine whose name somebody else's has, as far as was read.

        Args:
            name: The name on the vCenter.
            machine: The one that lab.yml gives.

        Raises:
            errors.ProviderError: There is such a machine.
        """
        with self._lock:
            seen = self._seen or self.look()
        for each in seen.strangers:
            if each.name == name:
                path = "/".join((*self.path, each.name))
                raise errors.ProviderError(
                    f"the machine '{path}' on the vCenter has the name of {machine}, "
                    "and is not this lab's",
                    hint="labkit leaves it alone; rename it, or give the lab another name",
                )

    def forget(self) -> None:
        """Read anew when next asked what machines do."""
        with self._lock:
            self._stale = True

    def put(self, name: str, seen: inventory.Machine | None) -> None:
        """Remember what was done to a machine, without reading anything."""
        with self._lock:
            if self._seen is not None:
                rest = {key: each for key, each in self._seen.machines.items() if key != name}
                now = {**rest, name: seen} if seen else rest
                self._seen = dataclasses.replace(self._seen, machines=now)

    def take(self, found: Sequence[retrieve.Found]) -> Seen:
        """Keep what was read of the lab's folder and of all in it; nothing: there is none.

        Raises:
            errors.ProviderError: Two machines are the same one of the lab.
        """
        with self._lock:
            self._seen = self._understood(found) if found else Seen(None, {})
            self._at, self._stale = time.monotonic(), False
            if self._seen.folder is not None:
                self.journal.keep_folder(api.moid(self._seen.folder.ref))
            return self._seen

    def _read(self) -> Seen:
        found = self._below(self.journal.folder)
        if found is None:
            moid = self.find(self.site.places())
            # Perhaps it was made since the inventory was read.
            found = self._below(moid or self.find(self.site.places(fresh=True)))
        return self.take(complete(self.site, found or ()))

    def find(self, known: places.Places) -> str:
        """Return the moid of the lab's folder; empty when there is none."""
        folder = known.folder(known.datacenter(self.datacenter), self.path)
        return folder.moid if folder else ""

    def below(self, moid: str) -> Any:  # noqa: ANN401 - pyVmomi's types
        """Return the filter for the lab's folder and all in it."""
        paths = dict(inventory.LIGHT)
        if self.guest:
            paths["VirtualMachine"] = (*paths["VirtualMachine"], *_GUEST)
        return retrieve.below(self.site.connection.ref("Folder", moid), paths)

    def is_own(self, top: retrieve.Found | None) -> bool:
        """Say whether a folder can be the lab's; a moid may be another folder's by now."""
        return top is not None and top.get("name") == self.path[-1]

    def _below(self, moid: str) -> list[retrieve.Found] | None:
        """Read a folder and all in it; None where it is not the lab's any more."""
        if not moid:
            return None
        try:
            found = self.site.read(self.below(moid))
        except faults.GoneError:
            return None
        top = next((each for each in found if each.moid == moid), None)
        return found if self.is_own(top) else None

    def _understood(self, found: Sequence[retrieve.Found]) -> Seen:
        field, own = self.site.field, self.own
        folder = next(
            inventory.folder(each, field)
            for each in found
            if each.kind == "Folder" and each.get("name") == self.path[-1]
        )
        machines = [
            inventory.machine(each, field) for each in found if each.kind == "VirtualMachine"
        ]
        ours: dict[str, inventory.Machine] = {}
        strangers: list[inventory.Machine] = []
        for each in machines:
            if each.stamp is None or not each.stamp.is_of(own):
                strangers.append(each)
            elif other := ours.get(each.stamp.machine):
                raise errors.ProviderError(
                    f"two machines on the vCenter are {each.stamp.machine} of this lab: "
                    f"'{other.name}' ({other.moid}) and '{each.name}' ({each.moid})",
                    hint="remove the wrong one in the vCenter's window",
                )
            else:
                ours[each.stamp.machine] = each
        return Seen(folder, ours, tuple(strangers))


def complete(site: sites.Site, found: Sequence[retrieve.Found]) -> list[retrieve.Found]:
    """Read of machines without a mark, which are new or strangers, what else could be one."""
    unmarked = [
        each.ref
        for each in found
        if each.kind == "VirtualMachine" and not inventory.machine(each, site.field).marked
    ]
    if not unmarked:
        return [*found]
    more = {each.moid: each for each in site.read(retrieve.of(unmarked, inventory.EXTRA))}
    return [
        retrieve.Found(each.ref, {**each.properties, **more[each.moid].properties})
        if each.moid in more
        else each
        for each in found
    ]
