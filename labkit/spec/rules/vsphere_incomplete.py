"""A lab on a vCenter says where machines go, what they are cloned from, and on which networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load

_NEEDED = ("resource_pool", "nat", "hostonly")


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    said = spec.lab.providers.vsphere
    if spec.lab.provider != "vsphere":
        return
    for name in _NEEDED:
        if getattr(said, name) is None:
            yield spec.problem(
                ("providers", "vsphere"),
                f"providers.vsphere has no '{name}'",
                "docs/how-to/vsphere.md has an example with all that is needed",
            )
    if (said.template is None) == (said.library is None):
        count = "is none" if said.template is None else "are both"
        yield spec.problem(
            ("providers", "vsphere"),
            f"machines are cloned from 'template' or from 'library', and here {count}",
            "write one of the two",
        )
    if said.library is not None and said.snapshot is not None:
        yield spec.problem(
            ("providers", "vsphere", "snapshot"),
            "a template that labkit makes of a library's item has a snapshot of its own",
            "remove 'snapshot'",
        )
    if said.addresses == "range" and said.address_range is None:
        yield spec.problem(
            ("providers", "vsphere", "addresses"),
            "'addresses: range' needs an 'address_range'",
            "write address_range: {first: ADDRESS, last: ADDRESS}",
        )
    if said.ca is not None and said.sha256 is not None:
        yield spec.problem(
            ("providers", "vsphere", "sha256"),
            "the vCenter's certificate is known by 'ca' or by 'sha256', not by both",
            "remove one of them",
        )
