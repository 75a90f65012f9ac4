"""The domains and networks of all labs on this host.

What `domains.owner` proves to be a lab's is labkit's, and so is a network that names a lab and has
the UUID that labkit derives from that name.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from labkit import errors, system, workspace
from labkit.providers import gc
from labkit.providers.libvirt import domains, forwards, networks, removal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.workspace import registry


def find() -> Iterator[gc.Found]:
    """Yield what there is; nothing where there is no libvirt, or it does not answer."""
    if system.missing("virsh"):
        return
    try:
        known, nets = domains.look(), networks.every()
    except errors.ProviderError:
        return
    owned = {domain.name: entry for domain in known.values() if (entry := domains.owner(domain))}
    for name, entry in owned.items():
        machine = domains.machine(known[name], entry)
        remove = functools.partial(_remove, known[name], entry)
        yield gc.Found(entry, machine, f"domain {name} (libvirt)", remove)
    for network in nets.values():
        if network.owner and network.owner not in owned.values():
            remove = functools.partial(networks.remove, network.owner)
            what = f"network {network.name}"
            yield gc.Found(network.owner, what, f"{what} (libvirt)", remove, shared=True)


def _remove(domain: domains.Domain, entry: registry.Entry) -> None:
    """Remove a machine, and with the lab's last one its networks."""
    forwards.end(workspace.Workspace(entry.folder, entry.lab), domains.machine(domain, entry))
    removal.remove(domain)
    if entry not in map(domains.owner, domains.look().values()):
        networks.remove(entry)
