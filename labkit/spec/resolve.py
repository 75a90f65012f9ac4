"""What a machine's settings come to: the defaults, then its roles in their order, then its own."""

from __future__ import annotations

import dataclasses
import itertools
import types
from typing import TYPE_CHECKING, TypeVar

from labkit.spec import model, roles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from labkit.spec import place

BASE = "base"
"""The profile that each machine begins with."""

_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True)
class Resolved:
    """The settings of one machine, each with a value."""

    image: str
    cpus: int
    memory_mib: int
    disk_gib: int
    selinux: model.Selinux
    time_zone: str
    packages: tuple[str, ...]
    sysctl: Mapping[str, str]
    profiles: tuple[str, ...]
    """`base`, then those of the roles, then those that are listed; none twice."""
    sudo_password: str | None = None
    """The name of a secret."""


def settings(lab: model.LabFile, machine: str) -> Resolved:
    """Return the settings of a machine.

    Scalars override, sysctls are merged, packages and profiles are joined without repeats.

    Raises:
        KeyError: The lab has no machine of that name.
    """
    entry = lab.machines[machine]
    layers = _layers(lab, entry)
    of_being = itertools.chain.from_iterable(roles.profiles(role) for role in entry.roles)
    return Resolved(
        image=_last(layer.image for layer in layers),
        cpus=_last(layer.cpus for layer in layers),
        memory_mib=_last(layer.memory for layer in layers),
        disk_gib=_last(layer.disk for layer in layers),
        selinux=_last(layer.selinux for layer in layers),
        time_zone=_last(layer.time_zone for layer in layers),
        packages=_joined(layer.packages for layer in layers),
        sysctl=types.MappingProxyType(dict(_pairs(layers))),
        sudo_password=next(filter(None, (each.sudo_password for each in reversed(layers))), None),
        profiles=_joined(((BASE,), of_being, *(layer.profiles for layer in layers))),
    )


def memory_mib(lab: model.LabFile, machine: str) -> int:
    """Return a machine's memory alone, for whoever adds up that of thousands."""
    return _last(layer.memory for layer in _layers(lab, lab.machines[machine]))


def written(lab: model.LabFile) -> Iterator[tuple[place.Path, model.Settings]]:
    """Yield each place in the file that holds settings, with its path."""
    yield ("defaults",), lab.defaults
    for role, inherited in lab.roles.items():
        yield ("roles", role), inherited
    for name, entry in lab.machines.items():
        yield ("machines", name), entry


def _layers(lab: model.LabFile, entry: model.MachineEntry) -> tuple[model.Settings, ...]:
    of_roles = (lab.roles[role] for role in entry.roles if role in lab.roles)
    return (model.BUILT_IN, lab.defaults, *of_roles, entry)


def _last(values: Iterable[_T | None]) -> _T:
    """Return the last value that is given; the built-in settings give each one."""
    return [value for value in values if value is not None][-1]


def _joined(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(itertools.chain.from_iterable(lists)))


def _pairs(layers: Iterable[model.Settings]) -> Iterator[tuple[str, str]]:
    for layer in layers:
        yield from layer.sysctl.items()
