"""What a lab's machines share on the vCenter: their folder, and port groups of the lab's own.

Whatever is made is written down before, marked after, and removed only when it has the mark and is
empty: to destroy a folder on a vCenter destroys all that is in it, whoever made that.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

from labkit import errors
from labkit.providers.vsphere import api, faults, inventory, master, places, retrieve, specs
from labkit.providers.vsphere import stamp as stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.providers.vsphere import journal as journals
    from labkit.providers.vsphere import options as choices
    from labkit.providers.vsphere import site as sites
    from labkit.providers.vsphere import wanted

_ENTITY = {"Folder": ("name", "parent", "customValue", "childEntity")}
_GROUP = {"DistributedVirtualPortgroup": ("name", "customValue", "vm")}


@dataclasses.dataclass(frozen=True, slots=True)
class Shared:
    """The hands for one lab's shared things."""

    site: sites.Site
    journal: journals.Journal
    own: stamps.Stamp
    narrate: Callable[[str], None]

    def ensure_folder(self, datacenter: str | None, names: Sequence[str]) -> api.Ref:
        """Return the folder of a path; makes and marks what of it is not there.

        Raises:
            errors.ProviderError: The vCenter refuses, or the lab's own folder is somebody else's.
        """
        with self.site.making:
            known = self.site.places()
            center = known.datacenter(datacenter)
            at = known.folder(center, names)
            if at is None:
                known = self.site.places(fresh=True)
                at = known.found[api.moid(center.get("vmFolder"))]
                for number, name in enumerate(names):
                    path = "/".join(names[: number + 1])
                    found = known.child(at.moid, name)
                    at = found or self._ensure_child(at, name, path)
                known = self.site.places(fresh=True)
                at = known.found[at.moid]
            self._require_own(at, known, "/".join(names))
            self.journal.keep_folder(at.moid)
            return at.ref

    def _ensure_child(self, parent: retrieve.Found, name: str, path: str) -> retrieve.Found:
        """Make a folder, unless another lab of the class was faster."""
        try:
            return self._make_folder(parent, name, path)
        except faults.FaultError as error:
            found = self.site.places(fresh=True).child(parent.moid, name)
            if error.kind != "DuplicateName" or found is None:
                raise
            self.journal.made(path)
            return found

    def _make_folder(self, parent: retrieve.Found, name: str, path: str) -> retrieve.Found:
        self.journal.begin(path)
        self.narrate(f"making the folder {path} on the vCenter")
        ref = self.site.connection.call("CreateFolder", lambda: parent.ref.CreateFolder(name))
        self.site.mark(ref, self.own)
        self.journal.made(path)
        return retrieve.Found(ref, {"name": name, "parent": parent.ref})

    def _require_own(self, found: retrieve.Found, known: places.Places, path: str) -> None:
        mark = known.stamp(found)
        if mark is not None and mark.is_of(self.own):
            return
        children = [
            each
            for each in known.of("Folder", "VirtualMachine")
            if each.get("parent") and api.moid(each.get("parent")) == found.moid
        ]
        if mark is None and (path in self.journal.making or not children):
            # A run was cut short between making and marking; or nothing is in it to lose.
            self.site.mark(found.ref, self.own)
            self.journal.made(path)
            self.site.places(fresh=True)
            return
        if mark is None or not children:
            return  # a folder that somebody prepared: it is used, and never removed
        raise errors.ProviderError(
            f"the folder '{known.path(found)}' on the vCenter belongs to another lab",
            hint="labkit leaves it alone; give this lab another name, or another "
            "providers.vsphere.folder",
        )

    def ensure_networks(self, lab: str, groups: choices.Networks) -> dict[str, wanted.Network]:
        """Return the networks of both cards; makes port groups that are to be the lab's own."""
        found: dict[str, wanted.Network] = {}
        for kind, group in groups.items():
            if group.switch is None:
                found[kind] = self.site.places().network(group)
            else:
                found[kind] = self._ensure_group(group, f"{lab}-{kind}")
        return found

    def _ensure_group(self, group: choices.PortGroup, name: str) -> wanted.Network:
        with self.site.making:
            known = self.site.places()
            switch = known.switch(group.switch or "")
            existing = known.port_groups(switch, name)
            if not existing:
                self.journal.begin(name)
                self.narrate(f"making the port group {name} on the vCenter")
                spec = specs.port_group(name, group.vlan)
                self._run(name, "AddDVPortgroup", lambda: switch.ref.AddDVPortgroup_Task([spec]))
                known = self.site.places(fresh=True)
                existing = known.port_groups(known.switch(group.switch or ""), name)
            if not existing:
                raise errors.ProviderError(
                    f"the port group '{name}' was made and is not there",
                    hint="look at the recent tasks in the vCenter's window; may labkit see it?",
                )
            self._require_own_group(existing[0], known, name, group)
            return known.understood(existing[0])

    def _require_own_group(
        self, found: retrieve.Found, known: places.Places, name: str, group: choices.PortGroup
    ) -> None:
        mark = known.stamp(found)
        if mark is None and name in self.journal.making:
            self.site.mark(found.ref, self.own)
            self.journal.made(name)
            self.site.places(fresh=True)
        elif mark is None or not mark.is_of(self.own):
            raise errors.ProviderError(
                f"the port group '{name}' on the switch {group.switch} is not this lab's",
                hint="labkit leaves it alone; rename it, or plug the card into it by its key",
            )
        vlan = vlan_of(found)
        if vlan is not None and vlan != group.vlan:
            raise errors.ProviderError(
                f"the port group '{name}' has VLAN {vlan}, and lab.yml says {group.vlan}",
                hint="change it in the vCenter's window, or destroy the lab and bring it up again",
            )

    def remove(self, found: inventory.Folder | None, lab: str, groups: choices.Networks) -> None:
        """Remove what is the lab's own and empty: port groups, its folder, folders above it.

        Raises:
            errors.ProviderError: The vCenter refuses.
        """
        with self.site.making:
            known = self.site.places(fresh=True)
            for kind, group in groups.items():
                if group.switch is not None:
                    self._remove_groups(known, f"{lab}-{kind}")
            if found is not None:
                self._remove_upwards(known, api.moid(found.ref))

    def remove_folders(self, moid: str) -> None:
        """Remove a folder that is the lab's own and empty, and folders above it that are."""
        with self.site.making:
            self._remove_upwards(self.site.places(fresh=True), moid)

    def _remove_upwards(self, known: places.Places, moid: str) -> None:
        at = known.found.get(moid)
        while at is not None:
            parent = at.get("parent")
            if not self._remove_folder(at, known):
                return
            at = known.found.get(api.moid(parent)) if parent else None

    def _remove_groups(self, known: places.Places, name: str) -> None:
        for each in known.of("DistributedVirtualPortgroup"):
            mark = known.stamp(each)
            is_ours = mark is not None and mark.is_of(self.own)
            if is_ours and each.get("name") == name and not each.get("vm"):
                self._run(name, "Destroy", each.ref.Destroy_Task)

    def _remove_folder(self, found: retrieve.Found, known: places.Places) -> bool:
        # Folders above the lab's own are of the same person, made by whichever lab came first.
        now = self.site.read(retrieve.of([found.ref], _ENTITY))
        inside = [each for entry in now for each in entry.get("childEntity", ())]
        is_empty = master.remove_unused(self.site, inside, self._destroy)
        mark = known.stamp(found)
        if mark is None or mark.owner != self.own.owner:
            return False
        if not is_empty:
            mine = mark.is_of(self.own)
            names = ", ".join(self._names(known, inside)[:5])
            if mine:
                self.narrate(f"the folder {known.path(found)} stays: it has {names}")
            return False
        with contextlib.suppress(faults.GoneError):
            self._run(str(found.get("name")), "Destroy", found.ref.Destroy_Task)
        return True

    def _names(self, known: places.Places, refs: Sequence[api.Ref]) -> list[str]:
        found = [known.found.get(api.moid(each)) for each in refs]
        return sorted(str(each.get("name")) for each in found if each)

    def _destroy(self, name: str, ref: api.Ref) -> None:
        self._run(name, "Destroy", ref.Destroy_Task)

    def _run(self, name: str, method: str, call: Callable[[], Any]) -> None:
        master.run(self.site, name, method, call, self.journal)


def vlan_of(found: retrieve.Found) -> int | None:
    """Return a port group's VLAN; None where it has several, or says none."""
    vlan = getattr(found.get("config.defaultPortConfig"), "vlan", None)
    number = getattr(vlan, "vlanId", None)
    return number if isinstance(number, int) else None
