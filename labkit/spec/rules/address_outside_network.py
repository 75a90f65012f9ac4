"""Each address is inside the network that it is for."""

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
        if each.address not in each.subnet:
            yield spec.problem(
                each.path,
                f"{each.address} is not in the network {each.network} ({each.subnet})",
                each.hint,
            )
