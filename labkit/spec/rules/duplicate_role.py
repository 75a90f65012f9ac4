"""No machine is given the same role twice, not even by another of its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    for name, entry in spec.lab.machines.items():
        for index, role in enumerate(entry.roles):
            if role in entry.roles[:index]:
                yield spec.problem(
                    ("machines", name, "roles", index),
                    f"'{name}' has the role '{role}' twice",
                    "remove one; control-plane is the role master, worker the role minion",
                )
