"""What of one lab is on its vCenter: read by one call, kept for a moment, shared by all threads."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers.vsphere import api, faults, inventory, retrieve
from labkit.providers.vsphere import stamp as stamps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.providers.vsphere import journal as journals
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
                self._seen = self._read()
                self._at, self._stale = time.monotonic(), False
                self._learn()
            return self._seen

    def ref(self, name: str) -> api.Ref | None:
        """Return a machine's reference, which does not change with what the machine does."""
        with self._lock:
            return (self._seen or self.look()).ref(name)

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

    def _learn(self) -> None:
        if self._seen is not None and self._seen.folder is not None:
            self.journal.keep_folder(api.moid(self._seen.folder.ref))

    def _read(self) -> Seen:
        found = self._below(self.journal.folder)
        if found is None:
            known = self.site.places()
            folder = known.folder(known.datacenter(self.datacenter), self.path)
            if folder is None:  # perhaps it was made since the inventory was read
                known = self.site.places(fresh=True)
                folder = known.folder(known.datacenter(self.datacenter), self.path)
            found = self._below(folder.moid) if folder else None
        return self._understood(found) if found else Seen(None, {})

    def _below(self, moid: str) -> list[retrieve.Found] | None:
        """Read a folder and all in it; None where it is not the lab's any more."""
        if not moid:
            return None
        paths = dict(inventory.LIGHT)
        if self.guest:
            paths["VirtualMachine"] = (*paths["VirtualMachine"], *_GUEST)
        ref = self.site.connection.ref("Folder", moid)
        try:
            found = self.site.read(retrieve.below(ref, paths))
        except faults.GoneError:
            return None
        top = next((each for each in found if each.moid == moid), None)
        return found if top is not None and top.get("name") == self.path[-1] else None

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
        unmarked = [each.ref for each in machines if not each.marked]
        if unmarked:
            by_moid = {each.moid: each for each in found}
            for each in self._extra(unmarked):
                old = by_moid[each.moid]
                by_moid[each.moid] = retrieve.Found(old.ref, {**old.properties, **each.properties})
            machines = [inventory.machine(by_moid[each.moid], field) for each in machines]
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

    def _extra(self, refs: Sequence[api.Ref]) -> list[retrieve.Found]:
        return self.site.read(retrieve.of(refs, inventory.EXTRA))
