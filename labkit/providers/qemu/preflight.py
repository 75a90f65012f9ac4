"""What stands in the way of starting machines: an old QEMU, ports that are taken, little memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labkit import system
from labkit.providers import base, host
from labkit.providers.qemu import program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.plan import model

OLDEST = (7, 2)
"""The first QEMU with `-netdev dgram` (its release notes), which carries the host-only segment."""
_HINT = "end what listens there, or give the machine another ssh_port in lab.yml"


def look(machines: Sequence[model.Machine]) -> tuple[base.Finding, ...]:
    """Look at the port of each machine that does not run, and at the memory for all of them."""
    ports = (host.port(each.ssh_port, each.name, _HINT, each.ssh_address) for each in machines)
    return (*ports, host.memory(sum(each.memory_mib for each in machines)))


def release() -> tuple[base.Finding, ...]:
    """Look whether QEMU is new enough; nothing is found where it is still to be installed."""
    name = "qemu-system-x86_64"
    if system.missing(name):
        return ()
    said = program.run([name, "--version"]).partition("\n")[0]
    found = re.search(r"version (\d+)\.(\d+)", said)
    if found is None:
        unknown = base.Verdict.UNKNOWN
        return (base.Finding("QEMU", ok=True, detail=f"it says: {said}", doubt=unknown),)
    least = ".".join(map(str, OLDEST))
    detail = ".".join(found.groups())
    if tuple(map(int, found.groups())) >= OLDEST:
        return (base.Finding("QEMU", ok=True, detail=detail),)
    detail = f"{detail} cannot keep other users out of the host-only segment"
    hint = f"install QEMU {least} or newer, or use another provider"
    return (base.Finding("QEMU", ok=False, detail=detail, hint=hint),)
