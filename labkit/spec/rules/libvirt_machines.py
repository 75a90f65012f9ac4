"""What single machines have for libvirt is of machines that exist, and no port is twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec.rules import _machines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load

_HERE = ("providers", "libvirt", "machines")


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    machines = spec.lab.providers.libvirt.machines
    yield from _machines.unknown(spec, _HERE, machines)
    yield from _machines.port_twice(spec, _HERE, machines, {})
