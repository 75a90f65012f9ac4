"""Each role exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import roles, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    named = [(("roles", role), role) for role in spec.lab.roles]
    for name, entry in spec.lab.machines.items():
        named += [(("machines", name, "roles", i), role) for i, role in enumerate(entry.roles)]
    for path, role in named:
        if role not in roles.NAMES:
            hint = words.nearest(role, roles.SPELLINGS, otherwise="the roles are")
            yield spec.problem(path, f"unknown role {words.show(role)}", hint)
