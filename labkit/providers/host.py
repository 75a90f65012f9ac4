"""What a provider finds on this host: whether ports are free, and memory is enough."""

from __future__ import annotations

import socket

import psutil

from labkit.providers import base


def port(number: int, machine: str, hint: str) -> base.Finding:
    """Try to listen on a port of 127.0.0.1.

    Args:
        number: The port.
        machine: The machine that it will lead to.
        hint: What to do when it is taken; the same words for all, so that they are said once.
    """
    name = f"port {number} for {machine}"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError as error:
            return base.Finding(name, ok=False, detail=error.strerror or str(error), hint=hint)
    return base.Finding(name, ok=True, detail="free")


def memory(needed: int) -> base.Finding:
    """Compare the memory that machines need, in MiB, with what is there."""
    free = psutil.virtual_memory().available >> 20
    detail = f"{needed} MiB needed, {free} MiB available"
    hint = "end other programs, or give the machines less memory"
    return base.Finding("memory", ok=needed <= free, detail=detail, hint=hint)
