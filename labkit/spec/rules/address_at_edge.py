"""No machine has a network's first or last address: they mean the network and everyone in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec.rules import _addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    for each in _addresses.of(spec.lab):
        edges = {
            each.subnet.network_address: "first address, which means the network itself",
            each.subnet.broadcast_address: "last address, which means every machine in it",
        }
        if each.address in edges:
            yield spec.problem(
                each.path,
                f"{each.address} is {each.subnet}'s {edges[each.address]}",
                each.hint,
            )
