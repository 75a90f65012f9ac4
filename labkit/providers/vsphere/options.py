"""What lab.yml says about the vCenter, with everything in it that must be."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from labkit import errors

if TYPE_CHECKING:
    import ipaddress

    from labkit.plan import model

SERVER = "LAB_VSPHERE_SERVER"
USER = "LAB_VSPHERE_USER"
PASSWORD = "LAB_VSPHERE_PASSWORD"  # noqa: S105 - a variable's name

_NEEDED = ("resource_pool", "nat", "hostonly")


@dataclasses.dataclass(frozen=True, slots=True)
class PortGroup:
    """What a card is plugged into: a network's name or key, or a switch for one of our own."""

    name: str | None = None
    key: str | None = None
    switch: str | None = None
    vlan: int = 0


Networks: TypeAlias = Mapping[str, PortGroup]
"""By the kind of the card."""


@dataclasses.dataclass(frozen=True, slots=True)
class Jump:
    """A host in between."""

    host: str
    port: int
    user: str
    host_key: str
    key: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """The lab's own."""

    server: str
    port: int
    ca: str | None
    sha256: str | None
    user: str | None
    datacenter: str | None
    folder: tuple[str, ...]
    """The names from the data center's folder down to the one that the lab's own folder is in."""
    resource_pool: tuple[str, ...]
    datastore: str | None
    template: str | None
    """Machines are cloned from it; None: from labkit's own template of an item of a library."""
    library: str | None
    """LIBRARY/ITEM; None: there is a template."""
    linked_clone: Literal["auto", "always", "never"]
    snapshot: str | None
    networks: Networks
    addresses: Literal["plan", "range", "guest"]
    address_range: tuple[ipaddress.IPv4Address, ipaddress.IPv4Address] | None
    ssh: Literal["nat", "hostonly"]
    jump: Jump | None
    login: str
    customization: Literal["cloud-init", "linuxprep"]
    window: int


def of(lab: model.Lab) -> Options:
    """Return the options of a lab.

    Raises:
        errors.ProviderError: Something that a lab on a vCenter needs is not said.
    """
    said = dict(lab.provider_options)
    server = said.get("server") or os.environ.get(SERVER)
    missing = [name for name in _NEEDED if not said.get(name)]
    if not said.get("template") and not said.get("library"):
        missing.append("template or library")
    if not server:
        missing.insert(0, "server")
    if said.get("addresses") == "range" and not said.get("address_range"):
        missing.append("address_range")
    if missing:
        raise errors.ProviderError(
            f"providers.vsphere does not say {', '.join(missing)}",
            hint=f"add it to lab.yml; the server may also stand in {SERVER}",
        )
    return _options(str(server), said)


def _options(server: str, said: dict[str, Any]) -> Options:
    between = cast("dict[str, Any] | None", said["address_range"])
    jump = cast("dict[str, Any] | None", said["jump"])
    return Options(
        **{name: said[name] for name in _PLAIN},
        server=server,
        folder=tuple(str(said["folder"]).split("/")),
        resource_pool=tuple(str(said["resource_pool"]).split("/")),
        networks={kind: PortGroup(**said[kind]) for kind in ("nat", "hostonly")},
        address_range=(between["first"], between["last"]) if between else None,
        jump=Jump(**jump) if jump else None,
    )


_PLAIN = (
    *("port", "ca", "sha256", "user", "datacenter", "datastore", "template", "library"),
    *("linked_clone", "snapshot", "addresses", "ssh", "login", "customization", "window"),
)
