"""Machines that other parts of the file name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labkit import errors
    from labkit.spec import load, vagrant


def unknown(
    spec: load.Spec, here: tuple[str, ...], machines: Mapping[str, object]
) -> Iterator[errors.Problem]:
    """Yield a problem for each key at a place of the file that is no machine of the lab."""
    for name in machines:
        if name not in spec.lab.machines:
            hint = words.nearest(name, spec.lab.machines, otherwise="the machines are")
            yield spec.problem((*here, name), f"there is no machine '{name}'", hint)


def port_twice(
    spec: load.Spec,
    here: tuple[str, ...],
    machines: Mapping[str, vagrant.VirtualboxMachine | vagrant.LibvirtMachine],
    ports: dict[int, str],
) -> Iterator[errors.Problem]:
    """Yield a problem for each port of this host that is to lead to two places.

    Args:
        spec: The file.
        here: The place of `machines` in it.
        machines: What single machines have.
        ports: The ports that lead to a machine without them.
    """
    for name, extra in machines.items():
        for number, forward in enumerate(extra.forwards):
            owner = ports.get(forward.host)
            ports.setdefault(forward.host, name)
            if owner:
                yield spec.problem(
                    (*here, name, "forwards", number, "host"),
                    f"port {forward.host} leads to '{owner}' already",
                    "choose another port of this host",
                )
