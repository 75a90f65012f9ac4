"""Ports of this host that lead to a machine while it runs, as lab.yml names them."""

from __future__ import annotations

import pathlib
import sys
from typing import TYPE_CHECKING

from labkit import child, errors
from labkit.plan import derive
from labkit.providers import host
from labkit.providers.qemu import process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psutil

    from labkit import workspace
    from labkit.plan import model
    from labkit.providers import base

SCRIPT = pathlib.Path(__file__).with_name("relay.py")
_TIMEOUT = 60.0
_HINT = "end what holds the port, or give the forward another one in lab.yml"


def planned(lab: model.Lab, machine: model.Machine) -> list[str]:
    """Return the forwards of a machine, as the relay takes them. Pure."""
    here, there = machine.ssh_address, machine.nic("nat").address.ip
    return [
        f"{each['protocol']},{here},{each['host']},{there},{each['guest']}"
        for each in lab.extras(machine).get("forwards", ())
    ]


def preflight(lab: model.Lab, machine: model.Machine) -> Iterator[base.Finding]:
    """Try to listen on the ports of a machine that does not run."""
    for each in lab.extras(machine).get("forwards", ()):
        yield host.port(
            each["host"], machine.name, _HINT, machine.ssh_address, protocol=each["protocol"]
        )


def command(machine: str, space: workspace.Workspace, forwards: Sequence[str]) -> list[str]:
    """Return the argument list of a machine's relay. Pure."""
    known = (
        "-uuid",
        str(derive.relay_uuid(space.lab, machine)),
        "-pidfile",
        str(_pid(space, machine)),
    )
    return [sys.executable, "-I", "-S", str(SCRIPT), *known, *forwards]


def start(lab: model.Lab, space: workspace.Workspace, machine: model.Machine) -> None:
    """Start the relay of a machine, anew where lab.yml has other forwards now.

    Raises:
        errors.ProviderError: A port is taken.
    """
    wanted = planned(lab, machine)
    words = command(machine.name, space, wanted)
    there = running(space, machine.name)
    if wanted and [each.cmdline()[1:] for each in there] == [words[1:]]:
        return
    for each in there:
        _end(each)
    if not wanted:
        return
    _pid(space, machine.name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The relay closes what it prints to when its ports are there, and that ends the waiting.
    done = child.run(["setsid", "--fork", *words], timeout=_TIMEOUT)
    if not running(space, machine.name):
        raise errors.ProviderError(
            f"the ports of {machine.name} cannot be forwarded: {done.stderr.strip()[-300:]}",
            hint=_HINT,
        )


def running(space: workspace.Workspace, machine: str) -> list[psutil.Process]:
    """Look through all processes for the relay of a machine."""
    return process.every({derive.relay_uuid(space.lab, machine): _pid(space, machine)})


def end(space: workspace.Workspace, machine: str) -> None:
    """End the relay of a machine; nothing happens when there is none."""
    for each in running(space, machine):
        _end(each)


def _end(relay: psutil.Process) -> None:
    relay.kill()  # it has nothing to lose
    process.end(relay)


def _pid(space: workspace.Workspace, machine: str) -> pathlib.Path:
    return space.machine(machine) / "relay.pid"
