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
_NOT_ASKED = (
    "predicted for tasks of {} s and a boot of {} s: --task and --boot give yours. Memory and disk "
    "are the vCenter's, which was not asked whether it has them"
)


@_base.task(
    students="pretend that the class has so many students (default: those of the roster)",
    kvm="predict for processors that run machines themselves; those figures are not measured",
    task="on a vCenter: seconds of each of a machine's three tasks",
    boot="on a vCenter: seconds from power-on until SSH answers",
)
def rehearse(
    _: invoke.context.Context,
    students: int = 0,
    file: str = "",
    host: str = "",
    jobs: int = 0,
    kvm: bool = False,
    task: float = 5.0,
    boot: float = 60.0,
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
    is_far = any(lab.provider == "vsphere" for lab in labs)
    seen = class_hosts.here(room, _base.host_of(room, chosen))
    costs = rehearsing.HARDWARE if kvm else rehearsing.EMULATED
    if is_far:
        costs = rehearsing.vcenter(labs, task, boot)
    default = min((capacity.jobs(lab, seen.cpus) for lab in labs), default=1)
    found = rehearsing.rehearse(labs, seen, jobs or room.jobs or default, costs)
    if as_json:
        print(json.dumps({"version": 1, "class": room.name, **dataclasses.asdict(found)}, indent=2))
    else:
        console.out.print(_table(found, None if is_far else seen))
        if is_far:
            console.out.print(_NOT_ASKED.format(task, boot), soft_wrap=True)
    base.leave(errors.ExitCode.NO if found.refused else errors.ExitCode.YES)


def _table(found: rehearsing.Prediction, host: capacity.Host | None) -> rich.table.Table:
    table = rich.table.Table("predicted", "", "of")
    table.add_row("students whose labs come up", str(found.up), str(found.up + found.refused))
    table.add_row("until the first one is verified", _minutes(found.first), "")
    table.add_row("until the last one is verified", _minutes(found.seconds), "")
    table.add_row("memory", f"{found.memory_mib} MiB", f"{host.memory_mib} MiB" if host else "")
    table.add_row("disk", f"{found.disk_mib} MiB", f"{host.disk_mib} MiB" if host else "")
    table.add_row("outside calls", str(found.calls), "")
    return table


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
