"""No two machines have the same address on a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    for network in ("nat", "hostonly"):
        owners: dict[object, str] = {}
        for name, entry in spec.lab.machines.items():
            address = getattr(entry, network)
            owner = owners.setdefault(address, name)
            if owner != name:
                line = spec.locate(("machines", owner, network)).line
                yield spec.problem(
                    ("machines", name, network),
                    f"'{name}' and '{owner}' have the same address {address}",
                    f"'{owner}' has it on line {line}; give one of them another",
                )
