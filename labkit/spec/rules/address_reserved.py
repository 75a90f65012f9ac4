"""No machine has an address that a provider gives to its gateway, its forwarder or the host."""

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
        offset = int(each.address) - int(each.subnet.network_address)
        if owner := _addresses.RESERVED[each.network].get(offset):
            yield spec.problem(
                each.path,
                f"{each.address} belongs to {owner}",
                each.hint,
            )
