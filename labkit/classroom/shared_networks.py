"""All students' labs have the same addresses, so no two labs may meet on one network. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labkit import errors
    from labkit.classroom import load, plan


def check(spec: load.Spec, room: plan.Classroom) -> Iterator[errors.Problem]:
    """Yield a problem for each way in which two labs would meet."""
    if len(room.students) < 2:  # noqa: PLR2004 - one lab meets no other
        return
    yield from _libvirt(spec, room)
    there = [each for each in room.students if each.host.provider == "vsphere"]
    if there[1:]:
        yield from _first_cards(room)
        yield from _second_cards(spec, room, there)


def _libvirt(spec: load.Spec, room: plan.Classroom) -> Iterator[errors.Problem]:
    for host in room.hosts:
        if host.provider == "libvirt":
            path = ("hosts", host.name, "provider") if host.name else ("provider",)
            message = "a class cannot be on libvirt, whose networks of one host differ in addresses"
            hint = "let 'provider' be qemu or virtualbox"
            yield spec.document.problem(spec.document.locate(path), message, hint)


def _first_cards(room: plan.Classroom) -> Iterator[errors.Problem]:
    """A vCenter's first cards are on one network for all; only its DHCP server tells them apart."""
    document, path = room.spec.document, ("providers", "vsphere", "addresses")
    if room.spec.lab.providers.vsphere.addresses != "guest":
        message = "all students' first cards would be on one network with the same addresses"
        hint = "write 'addresses: guest', and let the network's DHCP server give each its own"
        yield document.problem(document.locate(path), message, hint)


def _second_cards(
    spec: load.Spec, room: plan.Classroom, there: Sequence[plan.Student]
) -> Iterator[errors.Problem]:
    """Machines know each other by the second card's address, so each student has a segment."""
    group = room.spec.lab.providers.vsphere.hostonly
    if group is None:
        return
    if group.switch is None:
        document, path = room.spec.document, ("providers", "vsphere", "hostonly")
        message = "all students' second cards would be on one network with the same addresses"
        hint = "write {switch: SWITCH}, and give each student a VLAN: the column 'vlan'"
        yield document.problem(document.locate(path), message, hint)
        return
    taken: dict[int, str] = {}
    for student in there:
        vlan = group.vlan if student.entry.vlan is None else student.entry.vlan
        other = taken.setdefault(vlan, student.name)
        if other != student.name:
            message = f"'{student.name}' is on VLAN {vlan}, where '{other}' has the same addresses"
            hint = "give each student a VLAN of its own: the column 'vlan'"
            yield spec.problem(student.name, "vlan", message, hint)
