"""What was read of many labs at once, sorted by their folders."""

from __future__ import annotations

from labkit.providers.vsphere import api, retrieve, together


def _found(kind: str, moid: str, parent: str) -> retrieve.Found:
    return retrieve.Found(api.ref(kind, moid), {"parent": api.ref("Folder", parent)})


def test_each_lab_has_what_is_below_its_folder() -> None:
    top, inner = _found("Folder", "group-1", "group-0"), _found("Folder", "group-2", "group-1")
    mine, deep = (
        _found("VirtualMachine", "vm-1", "group-1"),
        _found("VirtualMachine", "vm-2", "group-2"),
    )
    other = _found("VirtualMachine", "vm-3", "group-9")
    found = together.by_root({"group-1", "group-2", "group-7"}, [top, inner, mine, deep, other])
    assert found == {"group-1": [top, inner, mine, deep], "group-2": [inner, deep]}
