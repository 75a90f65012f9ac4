"""Baked templates on a vCenter, which further machines are cloned from, linked where lab.yml lets.

Each is a full clone of the machine that was baked, in the folder that the labs are in. It bears its
owner's stamp from the clone on, and is whole when its custom attribute says its digest, which comes
last. One that was cut short is thrown away and made anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
from typing import TYPE_CHECKING, Any

from labkit import errors
from labkit.providers import base, keeper
from labkit.providers.vsphere import api, inventory, master, remember, retrieve, settle, specs
from labkit.providers.vsphere import lab as labs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labkit.plan import model
    from labkit.providers.vsphere import site as sites
    from labkit.providers.vsphere import stamp as stamps
    from labkit.workspace import registry

ABOUT = "labkit.baked"
"""The extra configuration that says what is in it; machines that are cloned from it have it too."""
_PATHS = {"VirtualMachine": (*inventory.FULL["VirtualMachine"], "config.changeVersion")}
_LINKS = {"VirtualMachine": ("name", "config.hardware.device")}
_SEAL = """\
rm -f /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init*
rm -f /etc/NetworkManager/system-connections/cloud-init-*"""


class Keeper(keeper.Keeper):
    """Keeps machines as templates."""

    def __init__(self, lab: labs.Lab) -> None:
        """Remember the lab; the vCenter is not asked anything yet."""
        self._lab = lab
        self._found: dict[str, inventory.Machine] = {}

    def source(self, machine: model.Machine) -> object:
        """Return what machines are cloned from: a library's item, a snapshot, or a template."""
        del machine
        lab = self._lab
        if lab.chosen.library is not None:
            return ["library", lab.item.digest]
        template, snapshot = lab.template, lab.snapshot
        if snapshot is not None:
            return ["snapshot", template.moid, api.moid(snapshot)]
        read = lab.site.read(retrieve.of([template.ref], _PATHS))[0]
        return ["template", template.moid, str(read.get("config.changeVersion", ""))]

    def apart(self, lab: model.Lab) -> model.Lab:
        """Refuse while a machine runs whose address the one that is baked would have."""
        states = self._lab.view.look().machines
        running = sorted(name for name, each in states.items() if each.state is base.State.RUNNING)
        if running and self._lab.chosen.addresses != "guest":
            raise errors.LabError(
                f"{running[0]} runs, and the machine that is booted for baking might have its "
                "address",
                hint="'lab.halt' before, or bake before the first 'lab.up'",
            )
        return lab

    def account(self, machine: model.Machine) -> str:
        """Return the account that cloud-init makes."""
        del machine
        return self._lab.chosen.login

    def seal(self, machine: model.Machine) -> str:
        """Let cloud-init, which takes the next machine for a new one, write its network anew."""
        del machine
        return _SEAL

    def find(self, digest: str) -> keeper.Kept | None:
        """Look for a whole template of a digest."""
        found = self.template(digest)
        return _kept(self._lab.site, found) if found else None

    def template(self, digest: str) -> inventory.Machine | None:
        """Return the template of a digest, with all that can be read of it."""
        if digest not in self._found:
            for each in self._there(digest):
                if is_whole(each, self._lab.site) and each.stamp == self._stamp(digest):
                    self._found[digest] = each
        return self._found.get(digest)

    def place(self, digest: str) -> specs.Place:
        """Return where machines are cloned to, and the template of a digest to clone from.

        Raises:
            errors.ProviderError: It has gone meanwhile.
        """
        found = self.template(digest)
        if found is None:
            raise errors.ProviderError(
                "the baked template is gone from the vCenter", hint="run the same task again"
            )
        linked = self._lab.chosen.linked_clone != "never"
        snapshot = found.snapshot_refs.get(master.SNAPSHOT) if linked else None
        return dataclasses.replace(self._lab.place(), template=found, snapshot=snapshot)

    def keep(self, machine: model.Machine, about: keeper.About) -> None:
        """Clone the machine, and make a template of the clone."""
        lab, name = self._lab, _name(about.digest)
        with lab.site.making:
            # Nothing of a run that was cut short may be under way still.
            names = {name, labs.name(lab.plan.name, machine.name)}
            settle.settle(lab.site, lab.journal, names.__contains__, lab.narrate)
            lab.site.places(fresh=True)
            parent = lab.folder_above
            for each in self._there(about.digest):
                self._throw_away(each)
            source = lab.view.look().ref(machine.name)
            if source is None:
                raise errors.ProviderError(
                    f"{machine.name} is gone from the vCenter", hint="run 'image.bake' again"
                )
            lab.narrate(f"making the template {name} of it")
            spec = specs.baked(lab.place(), self._stamp(about.digest), ABOUT, _text(about))
            folder = lab.site.connection.ref("Folder", parent)
            master.run(
                lab.site,
                name,
                "CloneVM",
                lambda: source.CloneVM_Task(folder, name, spec),
                lab.journal,
            )
            lab.site.places(fresh=True)
            made = self._there(about.digest)[0]
            master.finish(lab, name, made.ref)
            lab.site.mark(made.ref, self._stamp(about.digest))
            lab.site.places(fresh=True)

    def _there(self, digest: str) -> list[inventory.Machine]:
        """Read the machines that have the name of a template of a digest."""
        site = self._lab.site
        refs = [each.ref for each in site.places().machines(_name(digest))]
        if not refs:
            return []
        return [
            inventory.machine(each, site.field) for each in site.read(retrieve.of(refs, _PATHS))
        ]

    def _stamp(self, digest: str) -> stamps.Stamp:
        own = self._lab.view.own
        return dataclasses.replace(own, lab=digest[:12], machine="", state=digest[:16])

    def _throw_away(self, found: inventory.Machine) -> None:
        mark, own = found.stamp, self._lab.view.own
        if mark is None or mark.owner != own.owner or mark.machine:
            raise errors.ProviderError(
                f"the machine '{found.name}' on the vCenter has the name of a baked template, and "
                "is not labkit's",
                hint="labkit leaves it alone; rename it",
            )
        self._lab.narrate(f"removing {found.name}, whose making was cut short")
        master.run(self._lab.site, found.name, "Destroy", found.ref.Destroy_Task, self._lab.journal)


def every() -> Iterator[keeper.Kept]:
    """Yield the templates of this user on the vCenters that are known, where a password is at hand.

    Those that were cut short are among them.
    """
    return remember.look(on)


def on(known: remember.Known) -> list[keeper.Kept]:
    """Return the templates of this user on a vCenter."""
    # pyVmomi is slow to import, and few people have a vCenter.
    from labkit.providers.vsphere import site  # noqa: PLC0415

    opened = site.known(known)
    if opened.field is None:
        return []  # nobody has ever made a lab there
    named = [
        each
        for each in opened.places().of("VirtualMachine")
        if str(each.get("name")).startswith(master.BAKED)
    ]
    if not named:
        return []
    read = opened.read(retrieve.of([each.ref for each in named], _PATHS))
    found = [inventory.machine(each, opened.field) for each in read]
    return [_kept(opened, each) for each in found if is_ours(each, opened)]


def is_ours(found: inventory.Machine, site: sites.Site) -> bool:
    """Say whether a machine is a baked template of the user who is logged in, whole or not."""
    mark = found.stamp
    return (
        mark is not None and mark.owner == site.owner and not mark.machine and ABOUT in found.extra
    )


def is_whole(found: inventory.Machine, site: sites.Site) -> bool:
    """Say whether it can be cloned from: its making came to its end."""
    return is_ours(found, site) and found.marked and found.template


def _kept(site: sites.Site, found: inventory.Machine) -> keeper.Kept:
    return keeper.Kept(
        about=_about(found),
        provider="vsphere",
        kind="template",
        size=0,
        user=functools.partial(_user, site, found),
        remove=functools.partial(_remove, site, found),
    )


def _text(about: keeper.About) -> str:
    return json.dumps([about.name, about.digest, list(about.baked)])


def _about(found: inventory.Machine) -> keeper.About:
    with contextlib.suppress(ValueError, TypeError):
        name, digest, profiles = json.loads(found.extra.get(ABOUT, ""))
        return keeper.About(str(name), str(digest), tuple(map(str, profiles)))
    return keeper.About(found.name, found.name.removeprefix(master.BAKED), ())


def _name(digest: str) -> str:
    return f"{master.BAKED}{digest[:12]}"


def _user(site: sites.Site, found: inventory.Machine, entries: Iterable[registry.Entry]) -> str:
    """Name a machine whose disk is linked to the template's, whoever made it."""
    del entries  # the vCenter knows it better
    own = {file for disk in found.disks for file in _chain(disk.device.backing)}
    root = site.connection.content.rootFolder
    linked = [
        str(each.get("name"))
        for each in retrieve.everything(site.connection, root, _LINKS)
        if each.moid != found.moid and own & set(_parents(each))
    ]
    return f"the machine '{min(linked)}' on the vCenter is linked to it" if linked else ""


def _parents(found: retrieve.Found) -> Iterator[str]:
    for device in found.get("config.hardware.device", ()):
        backing = getattr(device, "backing", None)
        yield from _chain(getattr(backing, "parent", None))


def _chain(backing: Any) -> Iterator[str]:  # noqa: ANN401 - pyVmomi's types
    while backing is not None:
        if name := getattr(backing, "fileName", ""):
            yield str(name)
        backing = getattr(backing, "parent", None)


def _remove(site: sites.Site, found: inventory.Machine) -> None:
    from labkit.providers.vsphere import journal, shared  # noqa: PLC0415 - as above

    nowhere = journal.Journal(remember.folder() / "none" / "vsphere.json")
    master.run(site, found.name, "Destroy", found.ref.Destroy_Task, nowhere)
    if found.stamp is not None:
        hands = shared.Shared(site, nowhere, found.stamp, lambda _: None)
        hands.remove_folders(found.folder)
