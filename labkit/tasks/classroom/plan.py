"""`class.plan`."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import rich.markup
import rich.table

from labkit import console, errors, visible
from labkit.classroom import capacity
from labkit.classroom import host as class_hosts
from labkit.tasks import base
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    from collections.abc import Sequence

    import invoke.context

    from labkit.classroom import plan as plans


@_base.task(iterable=("only",))
def plan(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    host: str = "",
    format: str = "",
) -> None:
    """Show each student's lab, and whether this host has room for all; touches nothing."""
    as_json = base.wants_json(format)
    room = _base.open_class(file)
    students = _base.choose(room, only, host)
    if not students:
        raise errors.LabError("no student's lab is on this host", hint="look at the class file")
    labs = [room.labs[student.name] for student in students]
    found = capacity.weigh(labs, class_hosts.here(room, students[0].host))
    if as_json:
        print(json.dumps(_document(room, students, found), indent=2))
    else:
        console.out.print(_students(room, students))
        if found:
            console.out.print(_resources(found))
        console.out.print(verdict(len(students), found), soft_wrap=True)
    first = capacity.bottleneck(found)
    fits = first is None or first.fit >= len(students)
    base.leave(errors.ExitCode.YES if fits else errors.ExitCode.NO)


def verdict(students: int, resources: Sequence[capacity.Resource]) -> str:
    """Say how many students fit, and what runs out first."""
    first = capacity.bottleneck(resources)
    if first is None:
        return (
            f"this host sets no limit to {students} students: their machines are on a vCenter, "
            "where 'class.up' looks for room"
        )
    if first.fit >= students:
        return f"all {students} students fit; the first limit is {first.name}, at {first.fit}"
    return f"{first.fit} of {students} students fit: the bottleneck is {first.name}"


def _students(room: plans.Classroom, students: Sequence[plans.Student]) -> rich.table.Table:
    table = rich.table.Table("student", "name", "lab", "provider", "machines", "MiB", "SSH")
    for student in students:
        lab = room.labs[student.name]
        table.add_row(
            student.name,
            rich.markup.escape(visible.line(student.display)),
            lab.name,
            lab.provider,
            str(len(lab.machines)),
            str(capacity.take(lab).memory_mib or sum(each.memory_mib for each in lab.machines)),
            "" if lab.provider == "vsphere" else str(student.address),
        )
    return table


def _resources(resources: Sequence[capacity.Resource]) -> rich.table.Table:
    table = rich.table.Table("of this host", "needed", "there is", "enough for")
    for each in resources:
        unit = f" {each.unit}" if each.unit else ""
        enough = f"{each.fit} students"
        table.add_row(each.name, f"{each.needed}{unit}", f"{each.available}{unit}", enough)
    return table


def _document(
    room: plans.Classroom,
    students: Sequence[plans.Student],
    resources: Sequence[capacity.Resource],
) -> dict[str, object]:
    rows = {
        student.name: {
            "display": student.display,
            "mail": student.mail,
            "lab": student.lab,
            "provider": student.host.provider,
            "host": student.host.name,
            "folder": str(room.home(student)),
            "machines": {
                machine.name: {"hostonly": str(machine.hostonly), "ssh": lab.where(machine)}
                for lab in (room.labs[student.name],)
                for machine in lab.machines
            },
        }
        for student in students
    }
    first = capacity.bottleneck(resources)
    return {
        "version": 1,
        "class": room.name,
        "students": rows,
        "resources": [dataclasses.asdict(each) for each in resources],
        "fit": first.fit if first else None,
        "bottleneck": first.name if first else None,
    }
