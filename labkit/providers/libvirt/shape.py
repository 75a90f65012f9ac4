"""A domain beside what lab.yml says of its machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers.libvirt import virsh

if TYPE_CHECKING:
    from labkit.plan import model
    from labkit.providers.libvirt import domains


def is_whole(machine: model.Machine, domain: domains.Domain) -> bool:
    """Say whether Vagrant came to its end: it makes a domain first, then adds cards. Pure."""
    return {nic.mac for nic in machine.nics} <= set(domain.macs)


def refuse_other(machine: model.Machine, domain: domains.Domain) -> None:
    """Refuse a machine that runs with other hardware than lab.yml says. Pure.

    Raises:
        errors.ProviderError: It does.
    """
    if (domain.cpus, domain.memory_mib) != (machine.cpus, machine.memory_mib):
        raise errors.ProviderError(
            f"{machine.name} runs with other hardware than lab.yml says now",
            hint=f"'lab.halt --only {machine.name}', then 'lab.up' starts it with the new one",
        )


def fit(machine: model.Machine, domain: domains.Domain) -> None:
    """Give a machine that is off the processors and the memory that lab.yml says now.

    Raises:
        errors.ProviderError: libvirt refused.
    """
    if domain.cpus != machine.cpus:
        for more in (("--maximum",), ()):
            virsh.run("setvcpus", domain.name, str(machine.cpus), "--config", *more)
    if domain.memory_mib != machine.memory_mib:
        for verb in ("setmaxmem", "setmem"):
            virsh.run(verb, domain.name, f"{machine.memory_mib}MiB", "--config")
