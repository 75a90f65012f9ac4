"""Whether a machine of VirtualBox is the one of the plan. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.plan import derive
from labkit.providers.virtualbox import info
from labkit.render import virtualbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.plan import model


def name(lab: model.Lab, machine: str) -> str:
    """Return what VirtualBox calls a machine."""
    return f"{lab.name}-{machine}"


def internal(lab: model.Lab) -> str:
    """Return the name of the lab's internal network."""
    return f"labkit-{lab.name}"


def planned(lab: model.Lab, machine: model.Machine) -> dict[str, str]:
    """Return what `showvminfo --machinereadable` has to say of a machine."""
    nat, hostonly = machine.nic("nat"), machine.nic("hostonly")
    inside = {"nic2": "intnet", "intnet2": internal(lab)}
    outside = {"nic2": "hostonly"}
    return {
        "name": name(lab, machine.name),
        "groups": f"/{lab.name}",
        "hardwareuuid": str(machine.uuid),
        "cpus": str(machine.cpus),
        "memory": str(machine.memory_mib),
        "nic1": "nat",
        "natnet1": str(nat.address.network),
        "macaddress1": _mac(nat.mac),
        **(inside if lab.provider_options.get("internal") else outside),
        "macaddress2": _mac(hostonly.mac),
        **_more_cards(lab, machine),
    }


def _more_cards(lab: model.Lab, machine: model.Machine) -> dict[str, str]:
    """Return their kinds and addresses; how VirtualBox shows a network's name is the host's way."""
    found: dict[str, str] = {}
    for adapter, nic in enumerate(lab.extras(machine).get("nics", ()), 3):
        kind = nic["kind"]
        found[f"nic{adapter}"] = "intnet" if kind == "internal" else kind
        found[f"macaddress{adapter}"] = _mac(derive.extra_mac(lab.name, machine.name, adapter))
    return found


def forwards(lab: model.Lab, machine: model.Machine) -> set[tuple[str, ...]]:
    """Return the NAT forwards that a machine has to have; see `info.forwards`."""
    options = lab.extras(machine)
    here = str(machine.ssh_address)
    wanted = {("tcp", here, str(machine.ssh_port), "", "22")}
    for each in options.get("forwards", ()):
        wanted.add((each["protocol"], here, str(each["host"]), "", str(each["guest"])))
    return wanted


def differences(
    lab: model.Lab, machine: model.Machine, found: Mapping[str, str], extra: Mapping[str, str]
) -> list[str]:
    """Name what is otherwise than planned, with both values; nothing when all is as planned.

    Args:
        lab: The plan.
        machine: The machine.
        found: What VirtualBox shows of it.
        extra: Its extra data; without a note of its disks and settings, those are not compared.
    """
    wrong = [
        f"{key} is {found.get(key, 'not there')} instead of {value}"
        for key, value in planned(lab, machine).items()
        if found.get(key) != value
    ]
    there, wanted = info.forwards(found), forwards(lab, machine)
    if there != wanted:
        wrong.append(f"forwards are {there} instead of {wanted}")
    planned_extras = virtualbox.extras(machine, lab.provider_options)
    if extra.get(virtualbox.KEY, planned_extras) != planned_extras:
        wrong.append("its disks or settings are others")
    return wrong


def _mac(mac: str) -> str:
    return mac.replace(":", "").upper()
