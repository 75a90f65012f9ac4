"""What a lab file may say about a vCenter: where machines go, on which networks, and how."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

import pydantic

from labkit.spec import addresses as ipv4
from labkit.spec import faults, shape, texts

Port = Annotated[int, pydantic.Field(ge=1, le=65_535)]
Window = Annotated[int, pydantic.Field(ge=1, le=64)]
Vlan = Annotated[int, pydantic.Field(ge=0, le=4094)]

# vCenter writes '%', '/' and '\' in names as %25, %2f and %5c.
_PART = r"[\w.%()+@&,:-]([\w .%()+@&,:-]{0,78}[\w.%()+@&,:-])?"
_HINT = "write names joined by '/', as the inventory of the vCenter shows them"

Name: TypeAlias = Annotated[
    str, texts.Text(_PART, 80, "the name of an object in a vCenter", "at most 80 characters")
]
Path: TypeAlias = Annotated[
    str, texts.Text(f"{_PART}(/{_PART})*", 400, "a path in a vCenter's inventory", _HINT)
]
LibraryItem: TypeAlias = Annotated[
    str,
    texts.Text(f"{_PART}/{_PART}", 170, "an item of a content library", "write it as LIBRARY/ITEM"),
]
Key: TypeAlias = Annotated[
    str,
    texts.Text(
        "(dvportgroup|network)-(o?[0-9]+)",
        64,
        "the key of a network",
        "write it as the vCenter's address bar shows it, for example dvportgroup-12",
    ),
]
Host: TypeAlias = Annotated[
    str,
    texts.Text(
        r"[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?",
        253,
        "the name or address of a host",
        "write it alone, without https:// and without a path",
    ),
]
User: TypeAlias = Annotated[
    str,
    texts.Text(
        r"[\w.@\\-]+",
        128,
        "a user of a vCenter",
        "for example labkit@vsphere.local",
        is_shown=False,
    ),
]
Account: TypeAlias = Annotated[
    str,
    texts.Text(
        "[a-z_][a-z0-9_-]{0,31}",
        32,
        "a user's name",
        "use lower-case letters, digits, '_' and '-', beginning with a letter",
    ),
]
Sha256: TypeAlias = Annotated[
    str,
    texts.Text(
        "([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}",
        95,
        "a SHA-256 digest",
        "write 64 hexadecimal digits, with or without colons",
    ),
]
HostKey: TypeAlias = Annotated[
    str,
    texts.Text(
        "(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}",
        1200,
        "a host key",
        "write the line of ssh-keyscan without the host, for example ssh-ed25519 AAAA...",
    ),
]


class PortGroup(shape.Model):
    """What a card is plugged into: exactly one of `name`, `key` and `switch`."""

    name: Name | None = None
    """A network that exists, of a name that no other one has."""
    key: Key | None = None
    """A network that exists, by its key: for names that two switches have."""
    switch: Name | None = None
    """A distributed switch on which labkit makes a port group for this lab."""
    vlan: Vlan = 0
    """The VLAN of the port group that labkit makes; 0 is none."""

    @pydantic.model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [each for each in (self.name, self.key, self.switch) if each is not None]
        if len(given) != 1:
            raise faults.wrong(
                f"a network has one of name, key and switch, and here are {len(given) or 'none'}",
                "write {name: NAME}, {key: KEY} or {switch: SWITCH, vlan: NUMBER}",
            )
        if self.vlan and self.switch is None:
            raise faults.wrong(
                "the VLAN of a network that exists is not labkit's to set",
                "write 'switch' to let labkit make a port group, or leave 'vlan' out",
            )
        return self


class Range(shape.Model):
    """Addresses from which machines get theirs."""

    first: ipv4.Address
    """The first address."""
    last: ipv4.Address
    """The last address."""

    @pydantic.model_validator(mode="after")
    def _order(self) -> Self:
        if self.first > self.last:
            raise faults.wrong(f"{self.first} comes after {self.last}", "write the lower one first")
        return self


class Jump(shape.Model):
    """A host in between, for networks that this host has no way into."""

    host: Host
    """Its name or address."""
    port: Port = 22
    """The port of its SSH."""
    user: Account
    """Who logs in there."""
    host_key: HostKey
    """Its host key, so that nobody has to trust the first one that is shown."""
    key: texts.SecretFile | None = None
    """A private key in the lab folder; without it, the lab's own, .lab/NAME/keys/login."""


class Vsphere(shape.Model):
    """VMware vSphere through a vCenter."""

    server: Host | None = None
    """The vCenter; without it, that of LAB_VSPHERE_SERVER."""
    port: Port = 443
    """The port of its API."""
    ca: texts.SecretFile | None = None
    """A file of the lab folder with the certificates that sign the vCenter's (PEM)."""
    sha256: Sha256 | None = None
    """The digest of the vCenter's own certificate, in the place of a file that signs it."""
    user: User | None = None
    """Who logs in; without it, the user of LAB_VSPHERE_USER."""
    datacenter: Name | None = None
    """The data center; without it, the only one that there is."""
    folder: Path = "labkit"
    """The folder for the lab's own folder; for a class, for example classes/python/s07."""
    resource_pool: Path | None = None
    """A cluster or host, or a resource pool below it: CLUSTER/POOL."""
    datastore: Name | None = None
    """Where disks go; without it, where the template's are."""
    template: Path | None = None
    """The template: its name where only one has it, else its path below the data center."""
    library: LibraryItem | None = None
    """In place of a template, an item of a content library: LIBRARY/ITEM."""
    linked_clone: Literal["auto", "always", "never"] = "auto"
    """auto: share the template's disk where that has a snapshot."""
    snapshot: Name | None = None
    """The snapshot of the template that linked clones begin with; without it, the current one."""
    nat: PortGroup | None = None
    """What the first card is plugged into: the way out, and labkit's way in."""
    hostonly: PortGroup | None = None
    """What the second card is plugged into: the machines' way to each other."""
    gateway: ipv4.Address | None = None
    """The router of the first card's network; without it, its address 1."""
    addresses: Literal["plan", "range", "guest"] = "plan"
    """Of the first card: what the machine says, one of `address_range`, or what DHCP gives."""
    address_range: Range | None = None
    """Where the machines' addresses come from with `addresses: range`."""
    ssh: Literal["nat", "hostonly"] = "nat"
    """The card that labkit logs in through."""
    jump: Jump | None = None
    """A host in between."""
    login: Account = "lab"
    """The account that labkit makes in each machine, or that the template has."""
    customization: Literal["cloud-init", "linuxprep"] = "cloud-init"
    """How a machine gets its name, addresses and keys."""
    window: Window = 8
    """How many machines the vCenter works on at the same time."""
