"""What a lab file may say for VirtualBox and for libvirt: the same words for the same things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

import pydantic

from labkit.spec import addresses, shape, sizes, texts

# VirtualBox names host cards as the system does, on Windows and macOS with blanks.
VirtualNetwork: TypeAlias = Annotated[
    str,
    texts.Text(
        "[A-Za-z0-9]([A-Za-z0-9 ._:()#/-]*[A-Za-z0-9.)])?",
        128,
        "the name of a network",
        "write it as VirtualBox shows it",
    ),
]

# libvirt itself takes more; virsh(1) lists names separated by blanks.
LibvirtNetwork: TypeAlias = Annotated[
    str,
    texts.Text(
        "[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?",
        50,
        "the name of a network",
        "'virsh net-list --all' shows libvirt's networks, 'ip link' this host's bridges",
    ),
]

MachineSetting: TypeAlias = Annotated[
    str,
    texts.Text(
        "[a-z][a-z0-9]*(-[a-z0-9]+)*",
        63,
        "a setting of VBoxManage modifyvm",
        "write it without '--', for example vram",
    ),
]

# One word of modifyvm's: no option, no path of this host.
MachineSettingValue: TypeAlias = Annotated[
    str,
    texts.Text(
        "[A-Za-z0-9][A-Za-z0-9.,:=_+ -]*",
        128,
        "a value of a setting",
        'write one value, in quotes when it is a number: "32"',
    ),
]

PoolName: TypeAlias = Annotated[
    str, texts.Text(texts.LABEL, 63, "a pool's name", "'virsh pool-list --all' shows their names")
]

# What changes hardware that nobody else has a word for, and reaches nothing of this host.
LibvirtSetting = Literal[
    "keymap",
    "nested",
    "nic_model_type",
    "sound_type",
    "tpm_model",
    "tpm_type",
    "tpm_version",
    "video_type",
    "video_vram",
]


def _setting(value: object) -> bool | int | str:
    if isinstance(value, bool | int):
        return value
    return pydantic.TypeAdapter[str](MachineSettingValue).validate_python(value, strict=True)


_Setting = Annotated[
    bool | int | str,
    pydantic.PlainValidator(_setting),
    pydantic.WithJsonSchema({"type": ["boolean", "integer", "string"]}),
]
# Adapters 3 to 8: the chipset that Vagrant's boxes have takes no more, and libvirt's plugin has
# slots for as many.
_Disks = Annotated[tuple[sizes.Disk, ...], pydantic.Field(max_length=8)]
_MORE_CARDS = pydantic.Field(max_length=6)


class Forward(shape.Model):
    """A port of this host that leads to a port of a machine."""

    host: addresses.Port
    """The port on the address of this host that `ssh_address` names."""
    guest: Annotated[int, pydantic.Field(ge=1, le=65_535)]
    """The machine's port."""
    protocol: Literal["tcp", "udp"] = "tcp"
    """What is forwarded."""


class ExtraNic(shape.Model):
    """A network card beside the two that each machine has; nothing inside configures it."""

    kind: Literal["internal", "hostonly", "bridged", "nat"]
    """What it is connected to, in VirtualBox's words."""
    name: VirtualNetwork | None = None
    """The internal network, host-only adapter or host's card; nat needs none."""


class VirtualboxMachine(shape.Model):
    """What one machine has beside the others."""

    forwards: tuple[Forward, ...] = ()
    """Ports of this host that lead to it, beside the one for SSH."""
    nics: Annotated[tuple[ExtraNic, ...], _MORE_CARDS] = ()
    """Network cards, from adapter 3 on."""
    disks: _Disks = ()
    """Sizes of empty disks."""
    settings: Mapping[MachineSetting, MachineSettingValue] = {}
    """Settings of 'VBoxManage modifyvm', without the '--', such as vram: "32"."""


class Virtualbox(shape.Model):
    """VirtualBox through Vagrant."""

    gui: bool = False
    """Whether each machine opens a window."""
    linked_clone: bool = True
    """Whether the machines share one base disk, which saves space and time."""
    resize: bool = True
    """Whether a disk that is larger than the box's becomes so; it is no linked clone then."""
    internal: bool = False
    """Whether the machines see each other on a network that this host is not on."""
    dns: Literal["proxy", "resolver"] = "proxy"
    """proxy: queries go to the host's DNS servers; resolver: the host's own resolver answers."""
    boot_timeout: Annotated[int, pydantic.Field(ge=1, le=7200)] = 600
    """Seconds that a machine has to answer when it is made."""
    synced_folder: texts.SecretFile | None = None
    """A folder of the lab folder that machines see as /vagrant; the box needs guest additions."""
    machines: Mapping[texts.MachineName, VirtualboxMachine] = {}
    """What single machines have beside the others."""


class LibvirtNic(shape.Model):
    """A network card beside the two that each machine has; nothing inside configures it."""

    kind: Literal["internal", "bridged", "network"]
    """A network of the lab's own that this host is not on, a bridge of this host, or one of
    libvirt's networks."""
    name: LibvirtNetwork
    """Of the network or bridge. labkit makes and removes those of kind internal, and no others."""


class LibvirtMachine(shape.Model):
    """What one machine has beside the others."""

    forwards: tuple[Forward, ...] = ()
    """Ports of this host that lead to it while it runs."""
    nics: Annotated[tuple[LibvirtNic, ...], _MORE_CARDS] = ()
    """Network cards, from the third on; they are made with the machine."""
    disks: _Disks = ()
    """Sizes of empty disks; they are made with the machine."""
    settings: Mapping[LibvirtSetting, _Setting] = {}
    """Settings of vagrant-libvirt, such as nested: true; they are made with the machine."""


class Libvirt(shape.Model):
    """libvirt through Vagrant."""

    driver: Literal["auto", "kvm", "qemu"] = "auto"
    """auto: KVM when a guest really runs on it, else emulation."""
    gui: bool = False
    """Whether each machine has a screen, for virt-manager or a VNC viewer."""
    pool: PoolName = "default"
    """libvirt's pool for the disks of the machines."""
    internal: bool = False
    """Whether the machines see each other on a network that this host is not on."""
    machines: Mapping[texts.MachineName, LibvirtMachine] = {}
    """What single machines have beside the others."""
