"""What a machine shall be on the vCenter, and the next step that leads there. Pure."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers.vsphere import guestinfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labkit.images import carried
    from labkit.plan import model
    from labkit.providers.vsphere import api, inventory, stamp


class Step(enum.Enum):
    """One act on the vCenter; a run that is cut short goes on from the next one."""

    CLONE = "cloning"
    RECONFIGURE = "setting its hardware"
    CUSTOMIZE = "customizing"
    STAMP = "marking it as ours"
    POWER_ON = "powering on"
    NOTHING = "as wanted"


@dataclasses.dataclass(frozen=True, slots=True)
class Network:
    """A network that a card is plugged into."""

    ref: api.Ref
    moid: str
    key: str
    """Of a distributed port group its key, of any other network its moid."""
    name: str
    switch: str = ""
    """The UUID of the distributed switch."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """One machine, as it shall be."""

    machine: model.Machine
    """With the addresses that it really gets."""
    name: str
    """Unique on the whole vCenter."""
    stamp: stamp.Stamp
    origin: stamp.Origin
    networks: Mapping[str, Network]
    """By the kind of the card."""
    user_data: str
    linuxprep: bool
    dhcp: bool
    files: Callable[[Mapping[str, str]], Sequence[carried.File]] = lambda _macs: ()
    """What it is born with besides, given its cards' MAC addresses by their kinds."""


KINDS = ("nat", "hostonly")
"""The cards in their order; every machine has exactly these."""


def step(wanted: Wanted, seen: inventory.Machine | None) -> Step:
    """Return what to do next to a machine, of which all was read; None: it does not exist."""
    if seen is None:
        return Step.CLONE
    if seen.running:
        return Step.NOTHING if seen.marked else Step.STAMP
    is_new = not seen.marked or seen.stamp is None or seen.stamp.state != wanted.stamp.state
    if differs(wanted, seen) or (is_new and not _is_told(wanted, seen)):
        return Step.RECONFIGURE
    if is_new and wanted.linuxprep and not seen.pending:
        return Step.CUSTOMIZE
    return Step.STAMP if is_new else Step.POWER_ON


def told(wanted: Wanted, seen: inventory.Machine) -> dict[str, str]:
    """Return what the machine's cloud-init is told; nothing where another way is used."""
    if wanted.linuxprep or len(seen.cards) < len(KINDS):
        return {}
    macs = {kind: card.mac for kind, card in zip(KINDS, seen.cards, strict=False)}
    meta = guestinfo.metadata(wanted.machine, macs, dhcp=wanted.dhcp)
    user = guestinfo.with_files(wanted.user_data, wanted.files(macs))
    return guestinfo.values(meta, user)


def _is_told(wanted: Wanted, seen: inventory.Machine) -> bool:
    return told(wanted, seen).items() <= seen.extra.items()


def differs(wanted: Wanted, seen: inventory.Machine) -> bool:
    """Say whether a machine, of which all was read, has other hardware than it shall have."""
    keys = [wanted.networks[kind].key for kind in KINDS]
    cards = [card.network for card in seen.cards]
    return (
        bool(difference(wanted.machine, wanted.networks, seen))
        or cards != keys
        or bool(small(wanted, seen))
    )


def small(wanted: Wanted, seen: inventory.Machine) -> tuple[inventory.Disk, ...]:
    """Return the first disk where it is smaller than it shall be and can grow."""
    size = wanted.machine.disk_gib << 20
    return tuple(disk for disk in seen.disks[:1] if disk.kib < size and not disk.shared)


def difference(
    machine: model.Machine, wanted: Mapping[str, Network], seen: inventory.Machine
) -> tuple[str, ...]:
    """Say in words how the hardware differs, as far as it is read of every machine."""
    networks = frozenset(each.moid for each in wanted.values())
    found = (
        (seen.cpus != machine.cpus, f"{seen.cpus} CPUs, not {machine.cpus}"),
        (
            seen.memory_mib != machine.memory_mib,
            f"{seen.memory_mib} MiB of memory, not {machine.memory_mib}",
        ),
        (seen.networks != networks, "other networks"),
    )
    return tuple(text for is_other, text in found if is_other)


def refuse_other(
    machine: model.Machine, wanted: Mapping[str, Network], seen: inventory.Machine
) -> None:
    """Refuse a machine that runs with other hardware than lab.yml says.

    Raises:
        errors.ProviderError: It does.
    """
    other = difference(machine, wanted, seen)
    if other:
        name = machine.name
        raise errors.ProviderError(
            f"{name} runs with other hardware than lab.yml says now: {', '.join(other)}",
            hint=f"'lab.halt --only {name}', then 'lab.up' starts it with the new one",
        )
