"""What stands in the way of starting machines: ports that are taken, too little memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.providers import host

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.plan import model
    from labkit.providers import base

_HINT = "end what listens there, or give the machine another ssh_port in lab.yml"


def look(machines: Sequence[model.Machine]) -> tuple[base.Finding, ...]:
    """Look at the port of each machine that does not run, and at the memory for all of them."""
    ports = (host.port(each.ssh_port, each.name, _HINT, each.ssh_address) for each in machines)
    return (*ports, host.memory(sum(each.memory_mib for each in machines)))
