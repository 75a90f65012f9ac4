"""`class.rehearse`."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import rich.table

from labkit import console, errors
from labkit.classroom import capacity, plan
from labkit.classroom import host as class_hosts
from labkit.classroom import rehearse as rehearsing
from labkit.tasks import base
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    import invoke.context

_MOST = 1000


@_base.task(
    students="pretend that the class has so many students (default: those of the roster)",
    kvm="predict for processors that run machines themselves; those figures are not measured",
)
def rehearse(
    _: invoke.context.Context,
    students: int = 0,
    file: str = "",
    host: str = "",
    jobs: int = 0,
    kvm: bool = False,
    format: str = "",
) -> None:
    """Predict time, memory, disk and outside calls of the first class.up; makes nothing."""
    as_json = base.wants_json(format)
    if not 0 <= students <= _MOST:
        raise errors.LabError(
            f"a class of {students} students cannot be rehearsed", hint=f"name 1 to {_MOST}"
        )
    room = _base.open_class(file)
    if students:
        room = plan.pretend(room, students)
    chosen = _base.choose(room, [], host)
    labs = [room.labs[student.name] for student in chosen]
    if any(lab.provider == "vsphere" for lab in labs):
        raise errors.LabError(
            "a class on a vCenter cannot be rehearsed: what is known is how machines of this host "
            "boot",
            hint="'class.plan' shows the labs, and 'lab.doctor' in a lab folder looks at the "
            "vCenter",
        )
    seen = class_hosts.here(room, _base.host_of(room, chosen))
    costs = rehearsing.HARDWARE if kvm else rehearsing.EMULATED
    default = min((capacity.jobs(lab, seen.cpus) for lab in labs), default=1)
    found = rehearsing.rehearse(labs, seen, jobs or room.jobs or default, costs)
    if as_json:
        print(json.dumps({"version": 1, "class": room.name, **dataclasses.asdict(found)}, indent=2))
    else:
        console.out.print(_table(found, seen))
    base.leave(errors.ExitCode.NO if found.refused else errors.ExitCode.YES)


def _table(found: rehearsing.Prediction, host: capacity.Host) -> rich.table.Table:
    table = rich.table.Table("predicted", "", "of")
    table.add_row("students whose labs come up", str(found.up), str(found.up + found.refused))
    table.add_row("until the first one is verified", _minutes(found.first), "")
    table.add_row("until the last one is verified", _minutes(found.seconds), "")
    table.add_row("memory", f"{found.memory_mib} MiB", f"{host.memory_mib} MiB")
    table.add_row("disk", f"{found.disk_mib} MiB", f"{host.disk_mib} MiB")
    table.add_row("outside calls", str(found.calls), "")
    return table


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
