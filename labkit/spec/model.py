"""The shape of a lab file: which keys there are, of which types, with which defaults.

What a single value may be is in `texts`, `sizes` and `addresses`; what values may be together is
in `rules`. The JSON Schema for editors is made from this module, docstrings included.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Literal, Self, cast

import pydantic

from labkit.spec import (
    addresses,
    faults,
    own_checks,
    roles,
    shape,
    sizes,
    texts,
    vagrant,
    vcenter,
    words,
)

Selinux = Literal["enforcing", "permissive", "disabled"]
Cpus = Annotated[int, pydantic.Field(ge=1, le=256)]

SOURCES = "write {env: NAME}, {file: PATH} or {keyring: {service: NAME, user: NAME}}"
"""How to say where a secret is."""

# resolv.conf(5): the resolver asks the first three servers and ignores the rest.
Servers = Annotated[tuple[addresses.Address, ...], pydantic.Field(max_length=3)]


class Nat(shape.Model):
    """The network on which each machine is alone behind its own NAT."""

    subnet: addresses.Subnet = ipaddress.IPv4Network("10.0.2.0/24")
    """The provider's gateway is its address 2, the provider's DNS forwarder its address 3."""


class Hostonly(shape.Model):
    """The network on which the machines see each other."""

    subnet: addresses.Subnet = ipaddress.IPv4Network("192.168.56.0/24")
    """The host's own address in it is its address 1."""


class Networks(shape.Model):
    """The two networks that each machine has a card on."""

    nat: Nat = Nat()
    """Adapter 1: the way out."""
    hostonly: Hostonly = Hostonly()
    """Adapter 2: the way to the other machines."""


class Dns(shape.Model):
    """How the machines resolve names that are not of the lab."""

    servers: Servers = ()
    """At most three; with none, the provider's own forwarder is asked."""
    search: tuple[texts.Domain, ...] = ("lab.internal",)
    """Search domains; the first is also the machines' own."""


class Kubernetes(shape.Model):
    """The networks that Kubernetes will use inside; no network of the lab may overlap them."""

    pods: addresses.Subnet = ipaddress.IPv4Network("10.244.0.0/16")
    """The pods' addresses."""
    services: addresses.Subnet = ipaddress.IPv4Network("10.96.0.0/12")
    """The services' addresses."""


class Settings(shape.Model):
    """What a machine can inherit: from the defaults, and from its roles in their order."""

    image: texts.ImageName | None = None
    """The image that it boots from."""
    cpus: Cpus | None = None
    """Virtual CPUs."""
    memory: sizes.Memory | None = None
    """For example 512 MiB or 2 GiB."""
    disk: sizes.Disk | None = None
    """For example 32 GiB; it takes space on the host only as it fills."""
    selinux: Selinux | None = None
    """What SELinux does, where the image has it."""
    time_zone: texts.TimeZone | None = None
    """A name of the tz database."""
    packages: tuple[texts.Package, ...] = ()
    """Packages to install, in addition to those inherited."""
    sysctl: Mapping[texts.SysctlKey, texts.SysctlValue] = {}
    """Kernel parameters, in addition to those inherited."""
    profiles: tuple[texts.Profile, ...] = ()
    """Names of files in provision/, without .yml, in addition to those inherited."""
    sudo_password: texts.SecretReference | None = None
    """The name of the secret that sudo asks for; without it, sudo asks for nothing."""


BUILT_IN = Settings(
    image="debian-12",
    cpus=1,
    memory="512 MiB",  # pyright: ignore[reportArgumentType] # as in a file, to pass the validator
    disk="4 GiB",  # pyright: ignore[reportArgumentType]
    selinux="permissive",
    time_zone="Etc/UTC",
)
"""What holds where neither the defaults nor a role nor the machine say anything."""


class MachineEntry(Settings):
    """One machine: its addresses, its roles, and what it does not inherit."""

    roles: tuple[texts.RoleName, ...] = ()
    """The parts that it plays; later ones override earlier ones."""
    nat: addresses.Address
    """Its address on the NAT network."""
    hostonly: addresses.Address
    """Its address on the host-only network, by which the other machines know it."""
    ssh_port: addresses.Port | None = None
    """The port on this host that leads to its SSH; without it, one follows from the names."""


class Qemu(shape.Model):
    """QEMU without root rights, over its user-mode network."""

    accel: Literal["auto", "tcg", "kvm"] = "auto"
    """auto: KVM when a guest really runs on it, else TCG."""


class Providers(shape.Model):
    """What only one provider understands; what is said for the others has no effect."""

    qemu: Qemu = Qemu()
    """QEMU's own."""
    virtualbox: vagrant.Virtualbox = vagrant.Virtualbox()
    """VirtualBox's own."""
    libvirt: vagrant.Libvirt = vagrant.Libvirt()
    """libvirt's own."""
    vsphere: vcenter.Vsphere = vcenter.Vsphere()
    """vSphere's own."""


class KeyringEntry(shape.Model):
    """An entry of the user's own keyring, asked through the Python package keyring."""

    service: texts.Service
    """The entry's service: labkit, or a name that begins with labkit-."""
    user: texts.KeyringUser
    """The entry's user."""


class SecretSource(shape.Model):
    """Where a secret is; exactly one of these. It is read when a task needs it."""

    model_config = pydantic.ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    env: texts.Variable | None = None
    """An environment variable."""
    file: texts.SecretFile | None = None
    """A file of the lab folder that only its owner can open."""
    keyring: KeyringEntry | None = None
    """An entry of the user's keyring."""

    @pydantic.model_validator(mode="after")
    def _one_source(self) -> Self:
        """Refuse none and several."""
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            found = f"{words.one_of(given, 'and')}" if given else "none"
            raise faults.wrong(f"a secret has one source, and here is {found}", SOURCES)
        return self


class LabFile(shape.Model):
    """A lab: its machines and what they have in common."""

    lab: texts.LabName
    """The lab's name; addresses apart, everything that labkit makes is named after it."""
    provider: texts.ProviderName = "qemu"
    """What makes the machines."""
    networks: Networks = Networks()
    """The networks between the machines, and to the world."""
    dns: Dns = Dns()
    """Name resolution beyond the lab."""
    kubernetes: Kubernetes = Kubernetes()
    """The networks inside of Kubernetes."""
    defaults: Settings = BUILT_IN
    """What each machine inherits."""
    roles: Mapping[texts.RoleName, Settings] = {}
    """What each machine of a role inherits, over the defaults."""
    machines: Annotated[Mapping[texts.MachineName, MachineEntry], pydantic.Field(min_length=1)]
    """The machines by their names; the order means nothing."""
    ssh_address: addresses.Loopback = ipaddress.IPv4Address("127.0.0.1")
    """The address of this host on which the machines' SSH is; macOS has 127.0.0.1 alone."""
    providers: Providers = Providers()
    """Settings of single providers."""
    secrets: Mapping[texts.SecretName, SecretSource] = {}
    """Where secrets are that profiles ask for; never the secrets themselves."""
    checks: Mapping[texts.CheckName, own_checks.CheckEntry] = {}
    """What verify looks at besides, by the names that reports show."""

    @pydantic.field_validator("roles", mode="before")
    @classmethod
    def _one_spelling(cls, value: object) -> object:
        """Refuse a role under two of its names: one of the two would be lost."""
        names = cast("dict[str, object]", value) if isinstance(value, dict) else {}
        for role in roles.ROLES:
            used = [name for name in roles.spellings(role.name) if name in names]
            if len(used) > 1:
                message = f"'{used[0]}' and '{used[1]}' are names of the same role"
                raise faults.wrong(message, "join the two")
        return cast("object", value)
