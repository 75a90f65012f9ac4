"""A domain beside what lab.yml says of its machine."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers.libvirt import virsh
from labkit.render import libvirt as hardware

if TYPE_CHECKING:
    from labkit.plan import model
    from labkit.providers.libvirt import domains


def is_whole(
    lab: model.Lab, machine: model.Machine, domain: domains.Domain, *, is_new: bool
) -> bool:
    """Say whether Vagrant came to its end: it makes a domain first, then adds cards. Pure.

    Args:
        lab: The lab.
        machine: Its machine.
        domain: What there is of it.
        is_new: Whether nobody can have worked in it yet.

    Raises:
        errors.ProviderError: It was made with other cards or disks than lab.yml says now.
    """
    cards = hardware.cards(lab, machine)
    files = {pathlib.PurePosixPath(each).name for each in domain.files}
    plugged = all(domain.cards.get(each.mac) == each.source for each in cards)
    has_more = plugged and hardware.disks(lab, machine).keys() <= files
    has_both = {nic.mac for nic in machine.nics} <= domain.cards.keys()
    if has_both and not has_more and not is_new:  # made anew, it would lose what is in it
        raise errors.ProviderError(
            f"{machine.name} was made with other cards or disks than lab.yml says now",
            hint="write them as they were, or 'lab.destroy' and then 'lab.up' make the lab anew",
        )
    return has_both and has_more


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
