"""The roles that a machine can have."""

from __future__ import annotations

import dataclasses
import itertools


@dataclasses.dataclass(frozen=True, slots=True)
class Role:
    """A part that a machine plays in the lab."""

    name: str
    aliases: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    """Profiles that each machine of the role gets, after `base`."""


ROLES = (
    Role("ansible", profiles=("ansible",)),
    Role("master", aliases=("control-plane",)),
    Role("minion", aliases=("worker",)),
)
_BY_NAME = {role.name: role for role in ROLES}
_CANONICAL = {alias: role.name for role in ROLES for alias in role.aliases}

NAMES = tuple(_BY_NAME)
SPELLINGS = tuple(itertools.chain(NAMES, _CANONICAL))
"""Every word that stands for a role, the aliases last."""


def canonical(name: str) -> str:
    """Return the role that an alias stands for; every other name stands for itself."""
    return _CANONICAL.get(name, name)


def spellings(name: str) -> tuple[str, ...]:
    """Return the words that stand for a role, the role's own name first."""
    return (name, *(_BY_NAME[name].aliases if name in _BY_NAME else ()))


def profiles(name: str) -> tuple[str, ...]:
    """Return the profiles of a role; a role that does not exist has none."""
    return _BY_NAME[name].profiles if name in _BY_NAME else ()
