"""Remove a domain with its snapshots and the volumes that were made for it, and no others."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers import base
from labkit.providers.libvirt import storage, virsh

if TYPE_CHECKING:
    from labkit.providers.libvirt import domains


def remove(domain: domains.Domain) -> None:
    """Remove a domain of labkit's, also where its lab is not known any more.

    Raises:
        errors.ProviderError: libvirt refused.
    """
    # Found before the domain goes, which alone knows where they are.
    pools = {virsh.run("vol-pool", file).strip() for file in domain.files}
    undefine(domain)
    for pool in map(storage.Pool, sorted(pools)):
        pool.remove(*pool.of(domain.name))


def undefine(domain: domains.Domain) -> None:
    """Switch a domain off and remove it; its volumes stay.

    Raises:
        errors.ProviderError: libvirt refused.
    """
    switch_off(domain)
    more = ("--managed-save", "--snapshots-metadata", "--checkpoints-metadata", "--nvram")
    virsh.run("undefine", domain.name, *more)


def switch_off(domain: domains.Domain) -> None:
    """End a domain that was seen running; nothing happens when it has ended by itself."""
    if domain.state is base.State.RUNNING:
        with contextlib.suppress(errors.ProviderError):
            virsh.run("destroy", domain.name)
