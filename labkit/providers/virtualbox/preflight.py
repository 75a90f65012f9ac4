"""What stands in the way of machines on VirtualBox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.providers.qemu import preflight as host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.plan import model
    from labkit.providers import base
    from labkit.render import boxes
    from labkit.vagrant import tool


def look(
    lab: model.Lab,
    machines: Sequence[model.Machine],
    wanted: Mapping[str, boxes.Box],
    vagrant: tool.Vagrant,
) -> tuple[base.Finding, ...]:
    """Look."""
    del lab, wanted, vagrant
    return host.look(machines)
