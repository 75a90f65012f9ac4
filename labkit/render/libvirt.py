"""What a Vagrantfile for libvirt says beside the plan: where images and disks are. Pure."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Literal

from labkit import markup
from labkit.images import boot, catalog, store
from labkit.plan import derive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.plan import model
    from labkit.workspace import registry

POOL = pathlib.PurePosixPath("/var/lib/libvirt/images")
"""The folder of the pool `default`, which libvirt's own tools make when it is first needed."""
Kind = Literal["img", "seed", "log"]
"""A machine's disk, what makes it unique, and its console."""


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """An image as libvirt has it: volumes of a pool, the same ones for all labs of a host."""

    stem: str
    """What the names of its volumes begin with."""
    user: str
    """The account that the lab's key opens."""
    kernel_args: str | None
    """What the kernel is told; None when the disk has a boot loader."""

    @property
    def disk(self) -> str:
        """The volume that machines' disks differ from."""
        return f"{self.stem}.qcow2"

    @property
    def kernel(self) -> str:
        """The volume with the kernel, where there is no boot loader."""
        return f"{self.stem}.vmlinuz"

    @property
    def initrd(self) -> str:
        """The volume that the kernel begins with."""
        return f"{self.stem}.initrd"


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """The libvirt that machines are made on."""

    owner: str
    """Says in each domain whose it is."""
    images: Mapping[str, Image]
    driver: str = "qemu"
    """`kvm`, or `qemu` for emulation."""
    pool: str = "default"
    folder: pathlib.PurePosixPath = POOL
    """Where the pool keeps its volumes."""

    def machine(self, lab: model.Lab, machine: model.Machine) -> Machine:
        """Return what is said of one machine."""
        image, name = self.images[machine.image], domain(lab.name, machine.name)
        boots = image.kernel_args is not None
        emulated = "qemu64" if boots else "max"
        return Machine(
            # The plugin writes it into XML as it is.
            user=image.user,
            description=markup.quote(self.owner),
            kernel=str(self.folder / image.kernel) if boots else "",
            initrd=str(self.folder / image.initrd) if boots else "",
            arguments=boot.arguments(image.kernel_args, machine) if image.kernel_args else "",
            cpu="" if self.driver == "kvm" else emulated,
            disk=volume(name, "img"),
            seed=volume(name, "seed"),
            console=str(self.folder / volume(name, "log")),
            disks=tuple(disks(lab, machine)),
            cards=cards(lab, machine),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """A network card beside the two that each machine has."""

    mac: str
    source: str
    """What libvirt calls the network, or the bridge of this host."""
    is_bridge: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Machine:
    """What the Vagrantfile says of one machine."""

    user: str
    description: str
    kernel: str
    """Empty when the disk has a boot loader."""
    initrd: str
    arguments: str
    cpu: str
    """The model that is emulated; empty for the host's own."""
    disk: str
    seed: str
    console: str
    disks: tuple[str, ...]
    """Those beside the first one."""
    cards: tuple[Card, ...]
    """Those beside the two that each machine has."""


def domain(lab: str, machine: str) -> str:
    """Return what libvirt knows a machine by."""
    return f"{lab}-{machine}"


def volume(name: str, kind: Kind) -> str:
    """Return the name of a volume of a domain."""
    return f"{name}.{kind}"


def disks(lab: model.Lab, machine: model.Machine) -> dict[str, int]:
    """Return the names of the volumes for a machine's further disks, and their GiB."""
    sizes = lab.extras(machine).get("disks", ())
    name = domain(lab.name, machine.name)
    return {f"{name}.extra-{number}": gib for number, gib in enumerate(sizes, 1)}


def cards(lab: model.Lab, machine: model.Machine) -> tuple[Card, ...]:
    """Return a machine's further cards, from the third on."""
    wanted = lab.extras(machine).get("nics", ())
    return tuple(
        Card(
            mac=derive.extra_mac(lab.name, machine.name, adapter),
            source=network(lab.name, internal(each["name"]))
            if each["kind"] == "internal"
            else each["name"],
            is_bridge=each["kind"] == "bridged",
        )
        for adapter, each in enumerate(wanted, 3)
    )


def network(lab: str, kind: str) -> str:
    """Return what libvirt knows a network of a lab by: `nat`, `hostonly` or one of `internal`."""
    return f"{lab}-{kind}"


def internal(name: str) -> str:
    """Return the kind of a network that lab.yml names as internal; no other kind is called so."""
    return f"internal-{name}"


def kinds(lab: model.Lab) -> tuple[str, ...]:
    """Return the kinds of the networks that a lab has in libvirt."""
    nics = [nic for machine in lab.machines for nic in lab.extras(machine).get("nics", ())]
    names = {nic["name"] for nic in nics if nic["kind"] == "internal"}
    return ("nat", "hostonly", *map(internal, sorted(names)))


def owner(entry: registry.Entry) -> str:
    """Say for which lab something is made: for a person in virt-manager, and for labkit itself."""
    return f"labkit made this for lab {entry.lab} in {markup.printable(str(entry.folder))}"


def image(name: str, folder: pathlib.Path | None) -> Image:
    """Return how an image's volumes are called, whether they are there yet or not.

    Raises:
        errors.LabError: There is no such image.
    """
    recipe = catalog.get(name, folder=folder)
    arguments = recipe.kernel_args if isinstance(recipe, catalog.DebianRecipe) else None
    return Image(f"labkit-{name}-{store.digest_of(recipe)[:12]}", recipe.user, arguments)


def host(lab: model.Lab, entry: registry.Entry) -> Host:
    """Return the libvirt that lab.yml describes, before anybody has looked at the real one."""
    options = lab.provider_options
    names = sorted({machine.image for machine in lab.machines})
    return Host(
        owner=owner(entry),
        images={name: image(name, entry.folder) for name in names},
        driver="kvm" if options.get("driver") == "kvm" else "qemu",
        pool=str(options.get("pool", "default")),
    )
