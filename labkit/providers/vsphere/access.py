"""The way into machines on a vCenter: straight to an address, or through a host in between."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from labkit import errors, signals, workspace
from labkit.providers import base

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.plan import model
    from labkit.providers.vsphere import lab as labs

_SSH = 22


def endpoint(lab: labs.Lab, machine: model.Machine) -> base.Endpoint:
    """Say where a machine's SSH is, whether it runs or not."""
    real = lab.real(machine)
    return base.Endpoint(
        machine=machine.name,
        host=str(real.nic(lab.chosen.ssh).address.ip),
        port=_SSH,
        user=lab.chosen.login,
        key=lab.keys().login_file,
        known_hosts=lab.space.known_hosts,
        gateway=_gateway(lab),
        # Addresses of a site may be used again; the name that the key was made for is not.
        alias=machine.name,
    )


def _gateway(lab: labs.Lab) -> base.Gateway | None:
    jump = lab.chosen.jump
    if jump is None:
        return None
    known = lab.space.path / "known_jump"
    name = jump.host if jump.port == _SSH else f"[{jump.host}]:{jump.port}"
    line = f"{name} {jump.host_key}\n"
    if not known.exists() or known.read_text(encoding="utf-8") != line:
        workspace.write(known, line)
    key = lab.space.folder / jump.key if jump.key else lab.keys().login_file
    return base.Gateway(jump.host, jump.port, jump.user, key, known)


def wait_for_address(
    lab: labs.Lab,
    machine: model.Machine,
    look: Callable[[], None],
    tell: Callable[[str], None],
    patience: float,
) -> None:
    """Wait until VMware Tools tell the address of a machine's first card.

    Raises:
        errors.UnreachableError: They do not, in time.
    """
    deadline = time.monotonic() + patience
    said = False
    while lab.address(machine.name) is None:
        signals.check()
        if time.monotonic() > deadline:
            raise errors.UnreachableError(
                f"VMware Tools tell no address of {machine.name} after {patience:.0f} s",
                hint="does its network have a DHCP server with free addresses, and the template "
                "open-vm-tools?",
            )
        if not said:
            tell("waiting for VMware Tools to tell its address")
            said = True
        look()
        if lab.address(machine.name) is None:
            time.sleep(0.5)
