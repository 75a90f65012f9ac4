"""What single machines have for VirtualBox is of machines that exist, and no port is twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec.rules import _machines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load

_HERE = ("providers", "virtualbox", "machines")
# These make a machine what the plan says, or run what this host has; labkit sets the former.
_OURS = (
    *("name", "groups", "cpus", "memory", "hardware-uuid", "hardwareuuid", "uart", "natpf"),
    *("nic", "natnet", "macaddress", "hostonlyadapter", "hostonlynet", "intnet", "bridgeadapter"),
    *("cableconnected", "vrde", "snapshotfolder", "guestmemoryballoon", "recording"),
)


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    ports = {each.ssh_port: name for name, each in spec.lab.machines.items() if each.ssh_port}
    machines = spec.lab.providers.virtualbox.machines
    yield from _machines.unknown(spec, _HERE, machines)
    yield from _machines.port_twice(spec, _HERE, machines, ports)
    for name, extra in machines.items():
        for number, nic in enumerate(extra.nics):
            if (nic.name is None) is not (nic.kind == "nat"):
                says = "has no network to name" if nic.kind == "nat" else "needs a name"
                yield spec.problem(
                    (*_HERE, name, "nics", number),
                    f"a card of kind {nic.kind} {says}",
                    "only a card of kind nat stands without a name",
                )
        for key in extra.settings:
            if key.rstrip("0123456789").startswith(_OURS):
                yield spec.problem(
                    (*_HERE, name, "settings", key),
                    f"labkit sets '{key}' itself, or it reaches outside of the machine",
                    "use the lab file's own keys for it",
                )
