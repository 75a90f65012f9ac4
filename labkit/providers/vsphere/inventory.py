"""What is in a lab's folder on the vCenter, as one call read it. Pure: it reads no properties."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from labkit.providers import base
from labkit.providers.vsphere import api, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.providers.vsphere import retrieve

LIGHT: Mapping[str, Sequence[str]] = {
    "Folder": ("name", "parent", "customValue"),
    "VirtualMachine": (
        *("name", "parent", "customValue", "network", "snapshot", "config.template"),
        *("runtime.powerState", "config.hardware.numCPU", "config.hardware.memoryMB"),
        *("guest.ipAddress", "guest.toolsRunningStatus"),
    ),
}
"""What is read of each machine of a lab, however many there are."""

EXTRA: Mapping[str, Sequence[str]] = {"VirtualMachine": ("config.extraConfig",)}
"""What is read, too, of those few that have no custom attribute yet; it is long."""

FULL: Mapping[str, Sequence[str]] = {
    "VirtualMachine": (
        *LIGHT["VirtualMachine"],
        *EXTRA["VirtualMachine"],
        *("config.hardware.device", "config.annotation", "guest.net"),
        *("config.tools.pendingCustomization", "guest.toolsVersionStatus2"),
    )
}
"""What is read of a machine that is being made."""


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """A network card."""

    key: int
    mac: str
    """Lower case with colons; empty until the vCenter has given one."""
    network: str
    """The key of the distributed port group, or the moid of the network."""
    device: Any
    """pyVmomi's own, for whoever edits it."""
    connected: bool = True
    """Whether it is plugged in at power-on."""


@dataclasses.dataclass(frozen=True, slots=True)
class Disk:
    """A disk."""

    kib: int
    shared: bool
    """Whether another disk is under it, as with linked clones."""
    device: Any


@dataclasses.dataclass(frozen=True, slots=True)
class Machine:
    """A machine as the vCenter shows it."""

    ref: api.Ref
    name: str
    folder: str
    """The moid of the folder that it is in."""
    stamp: stamp.Stamp | None
    """None: a stranger."""
    origin: stamp.Origin | None
    marked: bool
    """Whether the custom attribute says the same, which comes after the clone."""
    running: bool
    template: bool
    cpus: int
    memory_mib: int
    networks: frozenset[str]
    """Moids."""
    address: str
    """What its tools say, empty without."""
    tools: bool
    """Whether VMware Tools run in it."""
    snapshots: Mapping[str, base.Snapshot]
    snapshot_refs: Mapping[str, api.Ref]
    annotation: str = ""
    extra: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    """The extra configuration, where it was read."""
    pending: bool = False
    """Whether a customization waits for the next power-on."""
    has_tools: bool = True
    """Whether VMware Tools are installed, whether they run or not."""
    cards: tuple[Card, ...] = ()
    disks: tuple[Disk, ...] = ()
    addresses: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict[str, "tuple[str, ...]"]
    )
    """What its tools say, by the card's MAC address."""

    @property
    def moid(self) -> str:
        """What the vCenter knows it by."""
        return api.moid(self.ref)

    @property
    def state(self) -> base.State:
        """What it is doing."""
        return base.State.RUNNING if self.running else base.State.STOPPED


@dataclasses.dataclass(frozen=True, slots=True)
class Folder:
    """A folder as the vCenter shows it."""

    ref: api.Ref
    name: str
    parent: str
    stamp: stamp.Stamp | None


def machine(found: retrieve.Found, field: int | None) -> Machine:
    """Understand what was read of a machine.

    Args:
        found: Its properties, `LIGHT` or `FULL`.
        field: The key of the custom attribute, where the vCenter has it.
    """
    extra = extra_config(found)
    attribute = custom(found, field)
    mark = stamp.read(attribute)
    devices = found.get("config.hardware.device", ())
    snapshots, refs = _snapshots(found.get("snapshot"))
    return Machine(
        ref=found.ref,
        name=found.get("name", ""),
        folder=_moid(found.get("parent")),
        stamp=mark or stamp.read(extra.get(stamp.EXTRA, "")),
        origin=stamp.read_origin(extra),
        marked=mark is not None,
        running=str(found.get("runtime.powerState")) == "poweredOn",
        template=bool(found.get("config.template", False)),
        cpus=int(found.get("config.hardware.numCPU", 0)),
        memory_mib=int(found.get("config.hardware.memoryMB", 0)),
        networks=frozenset(api.moid(each) for each in found.get("network", ())),
        address=found.get("guest.ipAddress") or "",
        tools=found.get("guest.toolsRunningStatus") == "guestToolsRunning",
        snapshots=snapshots,
        snapshot_refs=refs,
        annotation=found.get("config.annotation") or "",
        extra=extra,
        pending=bool(found.get("config.tools.pendingCustomization")),
        has_tools=found.get("guest.toolsVersionStatus2") != "guestToolsNotInstalled",
        cards=tuple(_card(each) for each in devices if _is(each, "VirtualEthernetCard")),
        disks=tuple(_disk(each) for each in devices if _is(each, "VirtualDisk")),
        addresses={
            str(each.macAddress).lower(): tuple(each.ipAddress or ())
            for each in found.get("guest.net", ())
            if each.macAddress
        },
    )


def folder(found: retrieve.Found, field: int | None) -> Folder:
    """Understand what was read of a folder."""
    return Folder(
        found.ref,
        found.get("name", ""),
        _moid(found.get("parent")),
        stamp.read(custom(found, field)),
    )


def custom(found: retrieve.Found, field: int | None) -> str:
    """Return the value of labkit's custom attribute; the last one counts."""
    values = [each.value for each in found.get("customValue", ()) if each.key == field]
    return str(values[-1]) if values else ""


def extra_config(found: retrieve.Found) -> dict[str, str]:
    """Return a machine's extra configuration."""
    return {each.key: str(each.value) for each in found.get("config.extraConfig", ())}


def _is(device: Any, kind: str) -> bool:  # noqa: ANN401
    return isinstance(device, getattr(api.vim.vm.device, kind))


def _card(device: Any) -> Card:  # noqa: ANN401
    backing = device.backing
    port = getattr(backing, "port", None)
    network = str(port.portgroupKey) if port is not None else _moid(getattr(backing, "network", 0))
    connectable = device.connectable
    connected = connectable is None or bool(connectable.startConnected)
    return Card(device.key, (device.macAddress or "").lower(), network, device, connected)


def _disk(device: Any) -> Disk:  # noqa: ANN401
    shared = getattr(device.backing, "parent", None) is not None
    return Disk(int(device.capacityInKB), shared, device)


def _moid(reference: Any) -> str:  # noqa: ANN401
    return api.moid(reference) if reference else ""


def _snapshots(info: Any) -> tuple[dict[str, base.Snapshot], dict[str, api.Ref]]:  # noqa: ANN401
    """Return a machine's snapshots by name; of two of one name the last counts."""
    saved: dict[str, base.Snapshot] = {}
    refs: dict[str, api.Ref] = {}
    waiting = list(info.rootSnapshotList) if info else []
    while waiting:
        each = waiting.pop(0)
        running = str(each.state) == "poweredOn"
        saved[each.name] = base.Snapshot(each.createTime.timestamp(), running)
        refs[each.name] = each.snapshot
        waiting += each.childSnapshotList or ()
    return saved, refs
