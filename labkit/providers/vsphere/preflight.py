"""Whether a lab can be made on its vCenter: looked up, before anything is made."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers import base
from labkit.providers.vsphere import lab as labs
from labkit.providers.vsphere import privileges, retrieve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from labkit.providers.vsphere import api, view

_ROOM = {"Datastore": ("name", "summary.freeSpace", "summary.accessible")}
_POOL = {"ResourcePool": ("name", "runtime.memory.maxUsage")}
_TEMPLATE = {"VirtualMachine": ("datastore", "summary.storage.committed")}


def findings(lab: labs.Lab) -> list[base.Finding]:
    """Look at all that lab.yml names; what depends on something missing is left out."""
    way_in = _try("vCenter", lambda: _about(lab))
    if not way_in.ok:
        return [way_in]
    found = [way_in, *_places(lab)]
    if not all(each.ok for each in found):
        return found
    seen = lab.view.look()
    absent = [each for each in lab.plan.machines if each.name not in seen.machines]
    found += [*_addresses(lab), _names(lab, seen, [each.name for each in absent])]
    if lab.is_copied:
        found += [*_template(lab), *_room(lab, len(absent))]
    found += privileges.findings(lab.site, _needed(lab))
    return found


def _try(name: str, look: Callable[[], str]) -> base.Finding:
    """Turn what a look raises into a finding."""
    try:
        return base.Finding(name, ok=True, detail=look())
    except errors.LabError as error:
        return base.Finding(name, ok=False, detail=error.message, hint=error.hint)


def _about(lab: labs.Lab) -> str:
    about = lab.site.connection.content.about
    lab.site.places(fresh=True)
    return f"{about.fullName} at {lab.chosen.server}, as {lab.site.connection.user}"


def _places(lab: labs.Lab) -> Iterator[base.Finding]:
    known, chosen = lab.site.places(), lab.chosen
    yield _try("data center", lambda: str(known.datacenter(chosen.datacenter).get("name")))
    yield _try("resource pool", lambda: known.path(known.pool(chosen.resource_pool)))
    if chosen.datastore is not None:
        store = chosen.datastore
        yield _try("datastore", lambda: str(known.datastore(store).get("name")))
    yield _try("template", lambda: _source(lab))
    for kind, group in chosen.networks.items():
        if group.switch is None:
            yield _try(f"{kind} network", lambda group=group: known.network(group).name)
        else:
            switch = group.switch
            yield _try(
                f"{kind} network",
                lambda switch=switch: f"a port group on {known.switch(switch).get('name')}",
            )


def _source(lab: labs.Lab) -> str:
    if lab.chosen.library is None or lab.is_copied:
        return lab.template.name
    return f"'{lab.chosen.library}' ({lab.item.kind}), to be copied once"


def _template(lab: labs.Lab) -> Iterator[base.Finding]:
    name = lab.template.name
    yield _try("disks", lambda: "linked to the template's" if lab.snapshot else "of their own")
    needs = lab.chosen.customization == "linuxprep" or lab.chosen.addresses == "guest"
    told = "VMware Tools are installed" if lab.template.has_tools else "no VMware Tools"
    yield base.Finding(
        "VMware Tools",
        ok=lab.template.has_tools or not needs,
        detail=f"template '{name}': {told}",
        hint="install open-vm-tools in the template; without it nothing tells addresses, and "
        "nothing customizes",
    )


def _is_linked(lab: labs.Lab) -> bool:
    try:
        return lab.snapshot is not None
    except errors.LabError:  # `_template` says it
        return False


def _addresses(lab: labs.Lab) -> Iterator[base.Finding]:
    if lab.chosen.addresses == "range" and lab.chosen.address_range is not None:
        yield _try("addresses", lambda: _in_range(lab))


def _in_range(lab: labs.Lab) -> str:
    subnet, between = lab.plan.network("nat").subnet, lab.chosen.address_range or ()
    outside = [str(each) for each in between if each not in subnet]
    if outside:
        raise errors.ProviderError(
            f"{' and '.join(outside)} of providers.vsphere.address_range is not in {subnet}",
            hint="networks.nat.subnet is the network that the first card is on",
        )
    given = {each.name: lab.address(each.name) for each in lab.plan.machines}
    real = [each for each in given.values() if isinstance(each, ipaddress.IPv4Address)]
    return f"{len(real)} of {' to '.join(map(str, between))}"


def _names(lab: labs.Lab, seen: view.Seen, absent: Sequence[str]) -> base.Finding:
    known = lab.site.places()
    own = {each.moid for each in seen.machines.values()}
    taken = [
        known.path(found)
        for each in absent
        for found in known.machines(labs.name(lab.plan.name, each))
        if found.moid not in own
    ]
    return base.Finding(
        "names",
        ok=not taken,
        detail=f"taken by machines that are not this lab's: {', '.join(taken)}"
        if taken
        else f"{len(absent)} to be made",
        hint="labkit leaves them alone; rename them, or give the lab another name",
    )


def _room(lab: labs.Lab, absent: int) -> Iterator[base.Finding]:
    known = lab.site.places()
    pool = known.pool(lab.chosen.resource_pool)
    template = lab.site.read(retrieve.of([lab.template.ref], _TEMPLATE))[0]
    stores = template.get("datastore", ())
    store = known.datastore(lab.chosen.datastore).ref if lab.chosen.datastore else stores[0]
    read = lab.site.read(retrieve.of([store], _ROOM), retrieve.of([pool.ref], _POOL))
    by_kind = {each.kind: each for each in read}
    limit = int(by_kind["ResourcePool"].get("runtime.memory.maxUsage", 0)) >> 20
    memory = sum(each.memory_mib for each in lab.plan.machines)
    yield base.Finding(
        "memory",
        ok=not limit or memory <= limit,
        detail=f"{memory} MiB for {len(lab.plan.machines)} machines; "
        f"{known.path(pool)} may use {limit or 'any'} MiB",
        hint="ask for less memory, or name another resource pool",
    )
    found = by_kind["Datastore"]
    free = int(found.get("summary.freeSpace", 0)) >> 30
    used = int(template.get("summary.storage.committed", 0)) >> 30
    each = 1 if _is_linked(lab) else max(1, used)
    name = found.get("name")
    yield base.Finding(
        "datastore room",
        ok=bool(found.get("summary.accessible", True)) and free >= absent * each,
        detail=f"{free} GiB free on {name}; {absent} machines begin with {absent * each} GiB",
        hint="make room, name another datastore, or use linked clones",
    )


def _needed(lab: labs.Lab) -> dict[str, tuple[api.Ref, Sequence[str]]]:
    known, chosen = lab.site.places(), lab.chosen
    center = known.datacenter(chosen.datacenter)
    folder = next(
        found
        for depth in range(len(lab.view.path), -1, -1)
        if (found := known.folder(center, lab.view.path[:depth])) is not None
    )
    more = privileges.LINUXPREP if chosen.customization == "linuxprep" else ()
    pool = known.pool(chosen.resource_pool)
    needed: dict[str, tuple[api.Ref, Sequence[str]]] = {
        known.path(folder): (folder.ref, (*privileges.FOLDER, *more)),
        known.path(pool): (pool.ref, privileges.POOL),
    }
    if lab.is_copied:
        template = lab.template
        needed[f"the template {template.name}"] = (template.ref, privileges.TEMPLATE)
    else:
        needed[f"{known.path(folder)} for a library"] = (folder.ref, privileges.LIBRARY)
    if lab.site.field is None:
        root = lab.site.connection.content.rootFolder
        needed["the vCenter"] = (root, privileges.ONCE)
    if chosen.datastore:
        store = known.datastore(chosen.datastore)
        needed[f"the datastore {chosen.datastore}"] = (store.ref, privileges.DATASTORE)
    for group in chosen.networks.values():
        if group.switch is None:
            network = known.network(group)
            needed[f"the network {network.name}"] = (network.ref, privileges.NETWORK)
        else:
            ref = known.switch(group.switch).ref
            needed[f"the switch {group.switch}"] = (ref, privileges.SWITCH)
    return needed
