"""No two machines ask for the same port on 127.0.0.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    owners: dict[int, str] = {}
    for name, entry in spec.lab.machines.items():
        if entry.ssh_port is None:
            continue
        owner = owners.setdefault(entry.ssh_port, name)
        if owner != name:
            yield spec.problem(
                ("machines", name, "ssh_port"),
                f"'{name}' and '{owner}' have the same SSH port {entry.ssh_port}",
                "give one of them another, or none: then one follows from its name",
            )
