"""The machines' memory together fits into this host's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import resolve, sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    if context.host is None or spec.lab.provider == "vsphere":
        return  # the machines run elsewhere
    wanted = sum(resolve.memory_mib(spec.lab, name) for name in spec.lab.machines)
    if wanted > context.host.memory_mib:
        count = len(spec.lab.machines)
        machines = "machine needs" if count == 1 else f"{count} machines together need"
        yield spec.problem(
            ("machines",),
            f"the {machines} {sizes.MEMORY.show(wanted)} of memory, "
            f"and this host has {sizes.MEMORY.show(context.host.memory_mib)}",
            "lower 'memory', or leave out machines",
        )
