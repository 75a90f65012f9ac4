"""Switch domains off, hold them, and let them go on; nothing happens to one that is off."""

from __future__ import annotations

import contextlib
import time

from labkit import errors
from labkit.providers import base
from labkit.providers.libvirt import domains, virsh

PATIENCE = 90.0
"""Seconds that a machine has to shut down; an emulated one on a loaded host takes about ten."""
_POLL = 0.5


def runs(name: str) -> bool:
    """Say whether there is a domain that runs, or is held."""
    domain = domains.look({name}).get(name)
    return domain is not None and domain.state is base.State.RUNNING


def press(name: str) -> bool:
    """Press the power button of a domain, and say whether it has gone off in time."""
    release(name)  # one that is held does not feel its power button
    virsh.run("shutdown", name, "--mode", "acpi")
    deadline = time.monotonic() + PATIENCE
    while runs(name):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def cut(name: str) -> None:
    """Switch a domain off."""
    if runs(name):
        virsh.run("destroy", name)


def hold(name: str) -> None:
    """Hold a domain's processors."""
    if runs(name):
        virsh.run("suspend", name)


def release(name: str) -> None:
    """Let a domain's processors go on."""
    if runs(name):
        with contextlib.suppress(errors.ProviderError):  # it is not held
            virsh.run("resume", name)
