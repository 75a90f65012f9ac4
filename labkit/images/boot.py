"""The kernel's command line of one machine, for whoever loads the kernel himself. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.plan import model


def arguments(image: str, machine: model.Machine) -> str:
    """Return the arguments: the image's own, the console, and what systemd calls the machine."""
    return (
        f"{image} console=ttyS0 systemd.machine_id={machine.uuid.hex} "
        f"systemd.hostname={machine.name}"
    )
