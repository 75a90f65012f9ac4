"""What a lab will be: frozen, complete, and free of anything that depends on the host's state."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping

SecretKind = Literal["env", "file", "keyring"]
SelinuxMode = Literal["enforcing", "permissive", "disabled"]
NicKind = Literal["nat", "hostonly"]
CheckKind = Literal["command", "file", "port", "http"]
LOCALHOST = ipaddress.IPv4Address("127.0.0.1")


@dataclasses.dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret is. Its value is no part of a plan, and is read when a task needs it."""

    kind: SecretKind
    name: str
    """The environment variable, the path below the lab folder, or the keyring's user."""
    service: str = ""
    """The keyring's service."""


@dataclasses.dataclass(frozen=True, slots=True)
class Network:
    """A network that machines have a NIC on."""

    kind: NicKind
    subnet: ipaddress.IPv4Network
    gateway: ipaddress.IPv4Address | None
    """The provider's NAT gateway; a host-only network has none."""
    dns: ipaddress.IPv4Address | None
    """The provider's own DNS forwarder on the NAT network."""


@dataclasses.dataclass(frozen=True, slots=True)
class Nic:
    """One network card of one machine. Adapter 1 is NAT, adapter 2 host-only."""

    kind: NicKind
    adapter: int
    mac: str
    """Lower case with colons, locally administered (IEEE 802 section 8.4)."""
    address: ipaddress.IPv4Interface
    connection: uuid.UUID
    """The UUID of the NetworkManager connection that configures this card."""
    gateway: ipaddress.IPv4Address | None = None
    dns: tuple[ipaddress.IPv4Address, ...] = ()
    search: tuple[str, ...] = ()
    dhcp: bool = False
    """Whether a leased address stays beside this one, since the provider's forward leads there."""


@dataclasses.dataclass(frozen=True, slots=True)
class Machine:
    """One machine of the lab."""

    name: str
    roles: tuple[str, ...]
    profiles: tuple[str, ...]
    """Names of files in provision/, in the order in which they are applied."""
    uuid: uuid.UUID
    """SMBIOS system UUID; its hex form is also the machine-id."""
    image: str
    cpus: int
    memory_mib: int
    disk_gib: int
    nics: tuple[Nic, ...]
    ssh_port: int
    """The port on this host that leads to the machine's port 22."""
    selinux: SelinuxMode
    time_zone: str
    packages: tuple[str, ...]
    sysctl: Mapping[str, str]
    sudo_password: str | None = None
    """The name of the secret that sudo(8) asks the machine's user for."""
    ssh_address: ipaddress.IPv4Address = LOCALHOST
    """The address of this host, in 127.0.0.0/8, on which `ssh_port` is."""

    def nic(self, kind: NicKind) -> Nic:
        """Return the card of a kind; every machine has one of each."""
        return next(nic for nic in self.nics if nic.kind == kind)

    @property
    def ssh(self) -> str:
        """Where this host forwards to the machine's SSH, as people write it; see `Lab.where`."""
        return f"{self.ssh_address}:{self.ssh_port}"

    @property
    def hostonly(self) -> ipaddress.IPv4Address:
        """The address by which the other machines know this one."""
        return self.nic("hostonly").address.ip


@dataclasses.dataclass(frozen=True, slots=True)
class OwnCheck:
    """A check that lab.yml adds to those of labkit."""

    name: str
    kind: CheckKind
    machines: tuple[str, ...]
    """The names of those that are asked."""
    wanted: Mapping[str, str | int | bool | None]
    """What the check of this kind takes; a port's machine is its address."""


@dataclasses.dataclass(frozen=True, slots=True)
class Lab:
    """A whole lab."""

    name: str
    id: str
    """Twelve hexadecimal digits that follow from the name; they mark whatever labkit makes."""
    provider: str
    provider_options: Mapping[str, object]
    networks: tuple[Network, ...]
    search: tuple[str, ...]
    machines: tuple[Machine, ...]
    """Sorted by name, so that the order in lab.yml means nothing."""
    secrets: Mapping[str, SecretSource] = dataclasses.field(default_factory=dict[str, SecretSource])
    """Where each secret is, by its name."""
    checks: tuple[OwnCheck, ...] = ()
    """What verify looks at because lab.yml says so, sorted by name."""

    def machine(self, name: str) -> Machine:
        """Return the machine of a name.

        Raises:
            KeyError: There is none.
        """
        for machine in self.machines:
            if machine.name == name:
                return machine
        raise KeyError(name)

    def network(self, kind: NicKind) -> Network:
        """Return the network of a kind; every lab has one of each."""
        return next(network for network in self.networks if network.kind == kind)

    def ssh(self, machine: Machine) -> tuple[str, int]:
        """Return the host and the port by which this host reaches a machine's SSH.

        libvirt's NAT network is one that this host is on, and a vCenter's machines are on networks
        of the site; the others forward a port.
        """
        if self.provider == "libvirt":
            return str(machine.nic("nat").address.ip), 22
        if self.provider == "vsphere":
            card = "hostonly" if self.provider_options.get("ssh") == "hostonly" else "nat"
            return str(machine.nic(card).address.ip), 22
        return str(machine.ssh_address), machine.ssh_port

    def extras(self, machine: Machine) -> Mapping[str, Any]:
        """Return what lab.yml has for one machine that only the provider understands."""
        machines = cast(
            "Mapping[str, Mapping[str, Any]]", self.provider_options.get("machines", {})
        )
        return machines.get(machine.name, {})

    def where(self, machine: Machine) -> str:
        """Return where this host reaches a machine's SSH, as people write it."""
        host, port = self.ssh(machine)
        return f"{host}:{port}"

    def with_role(self, role: str) -> tuple[Machine, ...]:
        """Return the machines that have a role."""
        return tuple(machine for machine in self.machines if role in machine.roles)
