"""What stands in the way of machines on VirtualBox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.providers import host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.plan import model
    from labkit.providers import base
    from labkit.render import boxes
    from labkit.vagrant import tool


_HINT = "end what listens there, or give the machine another ssh_port in lab.yml"


def look(
    lab: model.Lab,
    machines: Sequence[model.Machine],
    wanted: Mapping[str, boxes.Box],
    vagrant: tool.Vagrant,
) -> tuple[base.Finding, ...]:
    """Look."""
    del lab, wanted, vagrant
    ports = (host.port(each.ssh_port, each.name, _HINT, each.ssh_address) for each in machines)
    return (*ports, host.memory(sum(each.memory_mib for each in machines)))
