"""What stands in the way of starting machines: ports that are taken, too little memory."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import psutil

from labkit.providers import base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.plan import model


def look(machines: Sequence[model.Machine]) -> tuple[base.Finding, ...]:
    """Look at the port of each machine that does not run, and at the memory for all of them."""
    return (*(_port(machine) for machine in machines), _memory(machines))


def _port(machine: model.Machine) -> base.Finding:
    name = f"port {machine.ssh_port} for {machine.name}"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", machine.ssh_port))
        except OSError as error:
            # The same words for every machine, so that they are said once.
            hint = "end what listens there, or give the machine another ssh_port in lab.yml"
            return base.Finding(name, ok=False, detail=error.strerror or str(error), hint=hint)
    return base.Finding(name, ok=True, detail="free")


def _memory(machines: Sequence[model.Machine]) -> base.Finding:
    needed = sum(machine.memory_mib for machine in machines)
    free = psutil.virtual_memory().available >> 20
    detail = f"{needed} MiB needed, {free} MiB available"
    hint = "end other programs, or give the machines less memory"
    return base.Finding("memory", ok=needed <= free, detail=detail, hint=hint)
