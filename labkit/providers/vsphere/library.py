"""Content libraries: what an item is, and a machine that is made of it."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any, cast

from labkit import errors
from labkit.providers.vsphere import rest as rests

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIBRARY = "/rest/com/vmware/content/library"
_ITEM = f"{_LIBRARY}/item"
_OVF = "/rest/com/vmware/vcenter/ovf/library-item"
_TEMPLATE = "/rest/vcenter/vm-template/library-items"
_KINDS = ("ovf", "vm-template")
_PATIENCE = 7200.0
"""Seconds for one item to be copied: its call answers when that has ended."""
_LONGEST = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """An item that machines can be made of."""

    id: str
    name: str
    kind: str
    """`ovf` or `vm-template`."""
    version: str
    """Another one when somebody has put something else into the item."""

    @property
    def digest(self) -> str:
        """Sixteen digits that stand for exactly this content."""
        return hashlib.sha256(f"{self.id} {self.version}".encode()).hexdigest()[:16]

    @property
    def template(self) -> str:
        """The name of the template that labkit makes of it."""
        return f"labkit-{self.name[:_LONGEST].strip()}-{self.digest[:8]}"


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """Where an item is copied to; moids."""

    name: str
    note: str
    folder: str
    pool: str
    datastore: str
    """Empty: wherever the vCenter likes."""


def find(rest: rests.Rest, path: str) -> Item:
    """Return the item of a path, LIBRARY/ITEM.

    Raises:
        errors.ProviderError: There is none, or it is nothing that a machine can be made of.
    """
    library, _, name = path.partition("/")
    within = _one(rest, f"{_LIBRARY}?~action=find", {"name": library}, "content library", library)
    said = {"library_id": within, "name": name}
    item = _one(rest, f"{_ITEM}?~action=find", said, f"item in the library '{library}'", name)
    found = cast("dict[str, Any]", rest.get(f"{_ITEM}/id:{item}"))
    kind = str(found.get("type"))
    if kind not in _KINDS:
        raise errors.ProviderError(
            f"no machine can be made of '{path}': it is of the type '{kind}'",
            hint="name an item of the type OVF or VM template",
        )
    return Item(item, name, kind, str(found.get("content_version") or found.get("version") or ""))


def _one(rest: rests.Rest, path: str, spec: Mapping[str, str], what: str, name: str) -> str:
    found = [str(each) for each in rest.post(path, {"spec": spec}) or ()]
    if not found:
        raise errors.ProviderError(
            f"the vCenter has no {what} named '{name}'",
            hint="write providers.vsphere.library as LIBRARY/ITEM; labkit may have to be "
            "allowed to read it",
        )
    if len(found) > 1:
        raise errors.ProviderError(
            f"the vCenter has {len(found)} objects that are a {what} named '{name}'",
            hint="rename one of them",
        )
    return found[0]


def deploy(rest: rests.Rest, item: Item, target: Target) -> str:
    """Make a machine of an item, powered off; return its moid when all is copied.

    Raises:
        connection.BrokenError: The connection broke meanwhile; the copy may go on.
        errors.ProviderError: The vCenter refused.
    """
    if item.kind == "ovf":
        return _deploy_ovf(rest, item, target)
    store = {"datastore": target.datastore} if target.datastore else None
    spec = {
        "name": target.name,
        "description": target.note,
        "placement": {"folder": target.folder, "resource_pool": target.pool},
        "powered_on": False,
        **({"vm_home_storage": store, "disk_storage": store} if store else {}),
    }
    path = f"{_TEMPLATE}/{item.id}?action=deploy"
    return str(rest.post(path, {"spec": spec}, timeout=_PATIENCE))


def _deploy_ovf(rest: rests.Rest, item: Item, target: Target) -> str:
    spec = {
        "name": target.name,
        "annotation": target.note,
        "accept_all_EULA": True,
        **({"default_datastore_id": target.datastore} if target.datastore else {}),
    }
    place = {"resource_pool_id": target.pool, "folder_id": target.folder}
    body = {"target": place, "deployment_spec": spec}
    path = f"{_OVF}/id:{item.id}?~action=deploy"
    answer = cast("dict[str, Any]", rest.post(path, body, timeout=_PATIENCE))
    made = cast("dict[str, str]", answer.get("resource_id") or {})
    if not answer.get("succeeded") or made.get("type") != "VirtualMachine":
        said = cast("dict[str, Any]", answer.get("error") or {})
        told = [rests.words(each.get("error")) for each in said.get("errors", ())]
        why = " ".join(filter(None, told)) or f"it became a {made.get('type') or 'nothing'}"
        raise errors.ProviderError(
            f"no machine could be made of the item '{item.name}': {why}",
            hint=f"look at '{target.name}' and at the recent tasks in the vCenter's window",
        )
    return made["id"]
