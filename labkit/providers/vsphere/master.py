"""The template that labkit makes of an item of a content library, for all labs in one folder.

To copy an item takes long and cannot stamp what it makes at the same moment. So that is done once:
machines are then cloned from the copy as from any template, with their stamps. The copy is labkit's
own. It is good when its custom attribute says so, which comes last; one that was cut short is known
by the journal, or by its annotation, is thrown away, and made anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import time
from typing import TYPE_CHECKING, Any

import filelock

from labkit import errors, signals
from labkit.providers.vsphere import faults, inventory, library, remember, retrieve, settle, window
from labkit.providers.vsphere import journal as journals
from labkit.providers.vsphere import stamp as stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from labkit.providers.vsphere import api, places
    from labkit.providers.vsphere import lab as labs
    from labkit.providers.vsphere import site as sites

PREFIX = "labkit-"
BAKED = f"{PREFIX}baked-"
"""What the names of baked templates begin with, which stay when the last lab goes."""
SNAPSHOT = "base"
"""What disks are linked to, in templates that labkit makes."""
_TRIES, _PAUSE = 240, 0.5
"""How often, and after how many seconds, what is busy is tried again: for two minutes."""
_PATHS = {
    "VirtualMachine": ("name", "customValue", "config.template", "config.annotation", "parent")
}


def ensure(lab: labs.Lab) -> None:
    """Make the template of lab.yml's item, unless it is there.

    Raises:
        errors.ProviderError: It cannot be made, or something foreign has its name.
    """
    parent, item = lab.folder_above, lab.item
    key = f"{lab.site.connection.server} {lab.site.connection.user} {item.template} {parent}"
    path = remember.folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.library"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The labs of a class are brought up by processes of their own; one copy serves them all.
    with lab.site.making, filelock.FileLock(path.with_suffix(".lock")):
        journal = journals.Journal(path)
        if journal.making:
            settle.settle(lab.site, journal, lambda _: True, lab.narrate)
        found = _find(lab, lab.site.places(fresh=True), parent)
        if found is not None and _is_whole(lab, found):
            return
        if found is not None:
            _throw_away(lab, found, is_known=item.template in journal.making)
        journal.begin(item.template)
        _make(lab, parent)
        journal.made(item.template)
        lab.site.places(fresh=True)


def is_there(lab: labs.Lab) -> bool:
    """Say whether the template of lab.yml's item is there, and whole."""
    known = lab.site.places()
    folder = known.folder(known.datacenter(lab.chosen.datacenter), lab.chosen.folder)
    found = _find(lab, known, folder.moid) if folder else None
    return found is not None and _is_whole(lab, found)


def _find(lab: labs.Lab, known: places.Places, parent: str) -> retrieve.Found | None:
    there = [each for each in known.machines(lab.item.template) if each.parent == parent]
    return lab.site.read(retrieve.of([there[0].ref], _PATHS))[0] if there else None


def _is_whole(lab: labs.Lab, found: retrieve.Found) -> bool:
    mark = stamps.read(inventory.custom(found, lab.site.field))
    return mark is not None and mark.state == lab.item.digest and is_ours(found, lab.site)


def is_ours(found: retrieve.Found, site: sites.Site) -> bool:
    """Say whether a machine is such a template, whole or not, of the user who is logged in."""
    note = str(found.get("config.annotation") or "").rpartition("\n")[2]
    marks = (stamps.read(inventory.custom(found, site.field)), stamps.read(note))
    name = str(found.get("name"))
    return (
        name.startswith(PREFIX)
        and not name.startswith(BAKED)
        and any(
            mark is not None and mark.owner == site.owner and not mark.machine for mark in marks
        )
    )


def _throw_away(lab: labs.Lab, found: retrieve.Found, *, is_known: bool) -> None:
    path = "/".join((*lab.chosen.folder, lab.item.template))
    if not is_known and not is_ours(found, lab.site):
        raise errors.ProviderError(
            f"the machine '{path}' on the vCenter has the name of labkit's own template of "
            f"'{lab.chosen.library}', and is not labkit's",
            hint="labkit leaves it alone; rename it",
        )
    lab.narrate(f"removing {path}, whose making was cut short")
    run(lab.site, str(found.get("name")), "Destroy", found.ref.Destroy_Task, lab.journal)


def _make(lab: labs.Lab, parent: str) -> None:
    item, place = lab.item, lab.site.places()
    mark = dataclasses.replace(lab.view.own, state=item.digest)
    lab.narrate(f"copying '{lab.chosen.library}' to {'/'.join(lab.chosen.folder)}: once, for all")
    store = lab.chosen.datastore
    moid = library.deploy(
        lab.site.rest,
        item,
        library.Target(
            name=item.template,
            note=f"Made by labkit of {lab.chosen.library}; goes with the last lab.\n{mark}",
            folder=parent,
            pool=place.pool(lab.chosen.resource_pool).moid,
            datastore=place.datastore(store).moid if store else "",
        ),
    )
    ref = lab.site.connection.ref("VirtualMachine", moid)
    finish(lab, item.template, ref)
    lab.site.mark(ref, mark)


def finish(lab: labs.Lab, name: str, ref: api.Ref) -> None:
    """Take the snapshot that disks are linked to, and make a template of a machine."""
    if lab.chosen.linked_clone != "never":
        words = (SNAPSHOT, "what machines share", False, False)
        task = lambda: ref.CreateSnapshot_Task(*words)  # noqa: E731 - a call for later
        run(lab.site, name, "CreateSnapshot", task, lab.journal)
    run(lab.site, name, "MarkAsTemplate", ref.MarkAsTemplate, lab.journal)


def remove_unused(
    site: sites.Site, inside: Sequence[api.Ref], remove: Callable[[str, api.Ref], None]
) -> bool:
    """Remove labkit's own templates where a folder has nothing else; says whether it is empty now.

    Args:
        site: The vCenter.
        inside: All that is in the folder.
        remove: Removes one, given its name.
    """
    if not inside or {type(each) for each in inside} != {window.api.vim.VirtualMachine}:
        return not inside
    found = site.read(retrieve.of(inside, _PATHS))
    if not all(is_ours(each, site) for each in found):
        return False
    for each in found:
        with contextlib.suppress(faults.GoneError):
            remove(str(each.get("name")), each.ref)
    return True


def run(
    site: sites.Site, name: str, method: str, call: Callable[[], Any], journal: journals.Journal
) -> None:
    """Do one thing on the vCenter, and wait for its task.

    A switch or a machine takes one task at a time. While another lab's is under way it is tried
    again.
    """
    for left in range(_TRIES, -1, -1):
        try:
            site.window.run(name, _work(method, call), lambda _: None, journal)
        except faults.FaultError as error:
            if error.kind != "TaskInProgress" or not left:
                raise
            signals.check()
            time.sleep(_PAUSE)
        else:
            return


def _work(method: str, call: Callable[[], Any]) -> Generator[window.Need, Any, None]:
    yield window.Start(method, method, call)
