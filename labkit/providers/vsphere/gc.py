"""Machines on the vCenters that this user has worked with, whose labs are at home on this host."""

from __future__ import annotations

import pathlib
import platform
from typing import TYPE_CHECKING

from labkit import workspace
from labkit.providers import gc
from labkit.providers.vsphere import remember
from labkit.workspace import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labkit.providers.vsphere import inventory
    from labkit.providers.vsphere import site as sites


def concerns(entry: registry.Entry) -> bool:
    """Say whether a lab has ever been on a vCenter: asking one is slow, and takes a password."""
    return (workspace.Workspace(entry.folder, entry.lab).path / "vsphere.json").exists()


def find() -> Iterator[gc.Found]:
    """Look at each vCenter that is known, where a password is at hand."""
    return remember.look(_on)


def _on(known: remember.Known) -> list[gc.Found]:
    # pyVmomi is slow to import, and few people have a vCenter.
    from labkit.providers.vsphere import inventory, retrieve, site  # noqa: PLC0415

    opened = site.known(known)
    root = opened.connection.content.rootFolder
    if opened.field is None:
        return []  # nobody has ever made a lab there
    light = {"VirtualMachine": ("name", "customValue")}
    there = [
        each
        for each in retrieve.everything(opened.connection, root, light)
        if _is_ours(inventory.machine(each, opened.field), opened)
    ]
    if not there:
        return []
    paths = {"VirtualMachine": ("name", "parent", "customValue", "config.extraConfig")}
    full = opened.read(retrieve.of([each.ref for each in there], paths))
    machines = [inventory.machine(each, opened.field) for each in full]
    return [_item(each, opened, known) for each in machines if _is_at_home(each)]


def _is_ours(machine: inventory.Machine, opened: sites.Site) -> bool:
    return machine.stamp is not None and machine.stamp.owner == opened.owner


def _is_at_home(machine: inventory.Machine) -> bool:
    return machine.origin is not None and machine.origin.host == platform.node()


def _item(machine: inventory.Machine, opened: sites.Site, known: remember.Known) -> gc.Found:
    origin, mark = machine.origin, machine.stamp
    if origin is None or mark is None:
        raise ValueError(machine)  # who calls has looked
    return gc.Found(
        entry=registry.Entry(pathlib.Path(origin.folder), origin.name),
        machine=mark.machine,
        what=f"machine '{machine.name}' on the vCenter {known.server}",
        remove=_removal(machine, opened),
    )


def _removal(machine: inventory.Machine, opened: sites.Site) -> Callable[[], None]:
    from labkit.providers.vsphere import bring, journal, shared  # noqa: PLC0415

    def remove() -> None:
        if machine.stamp is None:
            return
        nowhere = journal.Journal(remember.folder() / "none" / "vsphere.json")
        work = bring.destroy(machine.ref, machine.stamp, opened.field)
        opened.window.run(machine.name, work, lambda _: None, nowhere)
        hands = shared.Shared(opened, nowhere, machine.stamp, lambda _: None)
        hands.remove_folders(machine.folder)

    return remove
