"""At most one machine has the role ansible: it is the one that reaches all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    holders = [name for name, entry in spec.lab.machines.items() if "ansible" in entry.roles]
    for name in holders[1:]:
        yield spec.problem(
            ("machines", name, "roles"),
            f"'{name}' is a second machine with the role ansible, beside '{holders[0]}'",
            "one machine runs Ansible for the whole lab; remove the role from the others",
        )
