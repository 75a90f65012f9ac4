"""How the machines themselves are made by hand: VBoxManage of VirtualBox 7.

Source: VirtualBox's user manual, the chapter on VBoxManage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell

if TYPE_CHECKING:
    import ipaddress

    from labkit.families import base as family_base
    from labkit.plan import model

_ADAPTER = "vboxnet0"
INSTALLER = "installer.iso"
"""The installer's file, whatever it was downloaded as."""


def network(lab: model.Lab) -> tuple[str, ...]:
    """Return what makes the host-only network."""
    subnet = lab.network("hostonly").subnet
    return (
        "VBoxManage hostonlyif create",
        shell.argv(
            *("VBoxManage", "hostonlyif", "ipconfig", _ADAPTER),
            *("--ip", _host(lab), "--netmask", subnet.netmask),
        ),
    )


def _host(lab: model.Lab) -> ipaddress.IPv4Address:
    """Return the host's own address on the host-only network: the first that is free."""
    taken = {machine.hostonly for machine in lab.machines}
    return next(each for each in lab.network("hostonly").subnet.hosts() if each not in taken)


def machine(lab: model.Lab, each: model.Machine, family: family_base.Family) -> tuple[str, ...]:
    """Return what makes one machine, up to its first start from the installer's disk."""
    name, disk = each.name, f"{each.name}.vdi"
    nat, hostonly = each.nic("nat"), each.nic("hostonly")
    attach = ("VBoxManage", "storageattach", name, "--storagectl", "SATA")
    forward = f"ssh,tcp,{each.ssh_address},{each.ssh_port},{nat.address.ip},22"
    create = ("VBoxManage", "createvm", "--name", name, "--ostype", family.virtualbox, "--register")
    return (
        shell.argv(*create),
        _lines(
            ("VBoxManage", "modifyvm", name),
            ("--cpus", each.cpus, "--memory", each.memory_mib, "--rtc-use-utc", "on"),
            ("--nic1", "nat", "--macaddress1", _mac(nat)),
            ("--natnet1", lab.network("nat").subnet, "--natpf1", forward),
            ("--nic2", "hostonly", "--macaddress2", _mac(hostonly)),
            ("--hostonlyadapter2", _ADAPTER),
        ),
        shell.argv(
            *("VBoxManage", "createmedium", "disk", "--filename", disk),
            *("--size", each.disk_gib * 1024),
        ),
        shell.argv("VBoxManage", "storagectl", name, "--name", "SATA", "--add", "sata"),
        shell.argv(*attach, "--port", "0", "--type", "hdd", "--medium", disk),
        shell.argv(*attach, "--port", "1", "--type", "dvddrive", "--medium", INSTALLER),
        shell.argv("VBoxManage", "startvm", name),
    )


def _mac(nic: model.Nic) -> str:
    return nic.mac.replace(":", "").upper()


def _lines(*parts: tuple[object, ...]) -> str:
    return " \\\n    ".join(shell.argv(*part) for part in parts)
