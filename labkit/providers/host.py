"""What a provider finds on this host: whether ports are free, and memory is enough."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Literal

import psutil

from labkit.plan import model
from labkit.providers import base

if TYPE_CHECKING:
    import ipaddress
    from collections.abc import Iterable

_LITTLE = 1 << 30
"""Bytes of disk with less than which no machine comes far."""


def port(
    number: int,
    machine: str,
    hint: str,
    address: ipaddress.IPv4Address = model.LOCALHOST,
    *,
    protocol: Literal["tcp", "udp"] = "tcp",
) -> base.Finding:
    """Try to listen on a port of this host.

    Args:
        number: The port.
        machine: The machine that it will lead to.
        hint: What to do when it is taken; the same words for all, so that they are said once.
        address: Of the loopback card. Linux and Windows have all of 127.0.0.0/8 there.
        protocol: What will come to it.
    """
    name = f"port {number} for {machine}"
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if protocol == "tcp":  # for UDP it would let several listen
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((str(address), number))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                detail = f"this host has no address {address}"
                hint = f"on macOS: sudo ifconfig lo0 alias {address}"
                return base.Finding(f"address {address}", ok=False, detail=detail, hint=hint)
            return base.Finding(name, ok=False, detail=error.strerror or str(error), hint=hint)
    return base.Finding(name, ok=True, detail="free")


def disk(
    free: int, where: str, lab: model.Lab, machines: Iterable[model.Machine], hint: str
) -> base.Finding:
    """Compare what machines may come to with what is free.

    Args:
        free: Bytes.
        where: Names the place, for example "for /srv/machines".
        lab: The lab.
        machines: Those of it that will be made or started.
        hint: How to make room.
    """
    most = sum(each.disk_gib + sum(lab.extras(each).get("disks", ())) for each in machines)
    detail = f"{free >> 30} GiB free {where}; the disks may grow to {most} GiB"
    grows = base.Verdict.CHOICE if free >> 30 < most else None
    return base.Finding("disk", ok=free >= _LITTLE, detail=detail, hint=hint, doubt=grows)


def memory(needed: int) -> base.Finding:
    """Compare the memory that machines need, in MiB, with what is there."""
    free = psutil.virtual_memory().available >> 20
    detail = f"{needed} MiB needed, {free} MiB available"
    hint = "end other programs, or give the machines less memory"
    return base.Finding("memory", ok=needed <= free, detail=detail, hint=hint)
