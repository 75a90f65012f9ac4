"""The plan, for people and for programs."""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
import pathlib
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

import rich.table

if TYPE_CHECKING:
    from labkit import workspace
    from labkit.plan import model


def document(lab: model.Lab, space: workspace.Workspace) -> dict[str, object]:
    """Return the whole plan as plain data: machines, cards, addresses, ports, files."""
    plain = cast("dict[str, object]", _plain(lab))
    files = {
        "workspace": str(space.path),
        "vagrantfile": str(space.path / "Vagrantfile"),
        "ssh_config": str(space.ssh_config),
        "known_hosts": str(space.known_hosts),
        "segment": str(space.segment),
        "machines": {machine.name: str(space.machine(machine.name)) for machine in lab.machines},
    }
    return {"version": 1, **plain, "files": files}


def tables(lab: model.Lab) -> Iterator[rich.table.Table]:
    """Yield tables of machines and of their cards."""
    title = f"lab {lab.name} on {lab.provider}"
    machines = rich.table.Table(
        "machine", "roles", "image", "CPUs", "MiB", "GiB", "SSH",
        title=title, title_justify="left",
    )  # fmt: skip
    cards = rich.table.Table("machine", "card", "MAC", "address", "gateway", "DNS")
    for machine in lab.machines:
        sizes = (machine.cpus, machine.memory_mib, machine.disk_gib, lab.where(machine))
        roles = ", ".join(machine.roles)
        machines.add_row(machine.name, roles, machine.image, *(str(size) for size in sizes))
        for nic in machine.nics:
            dns = ", ".join(str(server) for server in nic.dns)
            cards.add_row(
                machine.name, nic.kind, nic.mac, str(nic.address), str(nic.gateway or ""), dns
            )
    yield machines
    yield cards


def _plain(value: object) -> object:
    match value:
        case ipaddress.IPv4Address() | ipaddress.IPv4Network() | uuid.UUID() | pathlib.Path():
            return str(value)
        case enum.Enum():
            return value.value
        case Mapping():
            items = cast("Mapping[str, object]", value)
            return {key: _plain(item) for key, item in items.items()}
        case tuple() | list():
            return [_plain(item) for item in cast("tuple[object, ...]", value)]
        case _ if dataclasses.is_dataclass(value):
            fields = dataclasses.fields(value)
            return {field.name: _plain(getattr(value, field.name)) for field in fields}
        case _:
            return value
