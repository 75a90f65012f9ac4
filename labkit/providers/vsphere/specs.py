"""The specifications that a vCenter is given. Pure: each follows from what is wanted and seen.

Source: vSphere Web Services API reference; `VirtualMachineCloneSpec`, `VirtualMachineConfigSpec`,
`CustomizationSpec`, `DVPortgroupConfigSpec`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from labkit import shell
from labkit.providers.vsphere import api, guestinfo, stamp, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labkit.images import seed as seeds
    from labkit.plan import model
    from labkit.providers.vsphere import inventory

_NEW_KEY = -100
"""Devices that are added have negative keys until the vCenter gives them theirs."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a machine is cloned to, and from what."""

    folder: api.Ref
    pool: api.Ref
    datastore: api.Ref | None
    template: inventory.Machine
    snapshot: api.Ref | None
    """The template's snapshot that the disk is linked to; None: a disk of its own."""


def clone(want: wanted.Wanted, place: Place) -> Any:  # noqa: ANN401 - pyVmomi's types
    """Return the clone: all but what needs MAC addresses, which it has only afterwards."""
    linked = place.snapshot is not None
    location = api.vim.vm.RelocateSpec(
        pool=place.pool,
        datastore=place.datastore,
        diskMoveType="createNewChildDiskBacking" if linked else None,
    )
    unmarked = dataclasses.replace(want.stamp, state="")
    config = api.vim.vm.ConfigSpec(
        numCPUs=want.machine.cpus,
        memoryMB=want.machine.memory_mib,
        annotation=stamp.annotation(want.origin, want.machine.name),
        extraConfig=options({stamp.EXTRA: str(unmarked), stamp.ORIGIN: str(want.origin)}),
        deviceChange=[*_cards(want, place.template)],
    )
    return api.vim.vm.CloneSpec(
        location=location,
        config=config,
        snapshot=place.snapshot,
        template=False,
        powerOn=False,
    )


def baked(place: Place, own: stamp.Stamp, key: str, about: str) -> Any:  # noqa: ANN401
    """Return the clone that a template is made of: whole, and with nothing of its machine's own.

    Args:
        place: Where to.
        own: The template's stamp, without its state, which says that the template is whole.
        key: The extra configuration that says what is in it.
        about: That.
    """
    unmarked = dataclasses.replace(own, state="")
    nothing = dict.fromkeys((stamp.ORIGIN, *guestinfo.KEYS), "")
    return api.vim.vm.CloneSpec(
        location=api.vim.vm.RelocateSpec(
            pool=place.pool,
            datastore=place.datastore,
            diskMoveType="moveAllDiskBackingsAndConsolidate",
        ),
        config=api.vim.vm.ConfigSpec(
            annotation="Baked by labkit; 'labkit gc' removes it when no lab uses it any more.",
            extraConfig=options({**nothing, stamp.EXTRA: str(unmarked), key: about}),
        ),
        template=False,
        powerOn=False,
    )


def reconfigure(want: wanted.Wanted, seen: inventory.Machine) -> Any:  # noqa: ANN401
    """Return what makes a machine that is off what it shall be; only what differs is in it."""
    machine = want.machine
    note = stamp.annotation(want.origin, machine.name)
    return api.vim.vm.ConfigSpec(
        numCPUs=machine.cpus if seen.cpus != machine.cpus else None,
        memoryMB=machine.memory_mib if seen.memory_mib != machine.memory_mib else None,
        annotation=note if seen.annotation != note else None,
        extraConfig=options(_changed(wanted.told(want, seen), seen.extra)),
        deviceChange=[*_cards(want, seen), *_disks(want, seen)],
    )


def options(values: Mapping[str, str]) -> list[Any]:
    """Return an extra configuration."""
    return [api.vim.option.OptionValue(key=key, value=text) for key, text in values.items()]


def _changed(new: Mapping[str, str], old: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in new.items() if old.get(key) != text}


def _cards(want: wanted.Wanted, seen: inventory.Machine) -> Iterator[Any]:
    """Plug the cards in where they belong, add those that are missing, remove one too many."""
    spec = api.vim.vm.device.VirtualDeviceSpec
    for number, kind in enumerate(wanted.KINDS):
        network = want.networks[kind]
        if number >= len(seen.cards):
            yield spec(operation="add", device=_new_card(network, number))
        elif seen.cards[number].network != network.key or not seen.cards[number].connected:
            yield spec(operation="edit", device=_edited(seen.cards[number].device, network))
    for card in seen.cards[len(wanted.KINDS) :]:
        yield spec(operation="remove", device=card.device)


def _new_card(network: wanted.Network, number: int) -> Any:  # noqa: ANN401
    return api.vim.vm.device.VirtualVmxnet3(
        key=_NEW_KEY - number,
        backing=backing(network),
        connectable=_plugged(),
        addressType="generated",
    )


def _edited(device: Any, network: wanted.Network) -> Any:  # noqa: ANN401
    # The same type and key, so that the vCenter knows which one; the MAC address stays its affair.
    return type(device)(
        key=device.key,
        controllerKey=device.controllerKey,
        unitNumber=device.unitNumber,
        backing=backing(network),
        connectable=_plugged(),
        addressType=device.addressType,
        macAddress=device.macAddress,
    )


def _plugged() -> Any:  # noqa: ANN401
    return api.vim.vm.device.VirtualDevice.ConnectInfo(
        startConnected=True, allowGuestControl=True, connected=False
    )


def backing(network: wanted.Network) -> Any:  # noqa: ANN401
    """Return what a card is plugged into."""
    if network.switch:
        port = api.vim.dvs.PortConnection(portgroupKey=network.key, switchUuid=network.switch)
        kind = api.vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo
        return kind(port=port)
    kind = api.vim.vm.device.VirtualEthernetCard.NetworkBackingInfo
    return kind(network=network.ref, deviceName=network.name)


def _disks(want: wanted.Wanted, seen: inventory.Machine) -> Iterator[Any]:
    for disk in wanted.small(want, seen):
        size = want.machine.disk_gib << 20
        device = api.vim.vm.device.VirtualDisk(
            key=disk.device.key,
            controllerKey=disk.device.controllerKey,
            unitNumber=disk.device.unitNumber,
            backing=disk.device.backing,
            capacityInKB=size,
        )
        yield api.vim.vm.device.VirtualDeviceSpec(operation="edit", device=device)


def port_group(name: str, vlan: int) -> Any:  # noqa: ANN401
    """Return a distributed port group of our own."""
    tag = api.vim.dvs.VmwareDistributedVirtualSwitch.VlanIdSpec(vlanId=vlan, inherited=False)
    setting = api.vim.dvs.VmwareDistributedVirtualSwitch.VmwarePortConfigPolicy(vlan=tag)
    return api.vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        name=name,
        type="earlyBinding",
        numPorts=8,
        autoExpand=True,
        description="made by labkit",
        defaultPortConfig=setting,
    )


def customization(want: wanted.Wanted, identity: seeds.Seed, search: Sequence[str]) -> Any:  # noqa: ANN401
    """Return what VMware Tools and the guest's perl do at the first boot, without cloud-init."""
    machine = want.machine
    servers = [str(each) for each in machine.nic("nat").dns]
    prep = api.vim.vm.customization.LinuxPrep(
        hostName=api.vim.vm.customization.FixedName(name=machine.name),
        domain=next(iter(search), "localdomain"),
        timeZone=machine.time_zone,
        hwClockUTC=True,
        scriptText=script(identity),
    )
    settings = api.vim.vm.customization.GlobalIPSettings(
        dnsServerList=servers, dnsSuffixList=list(search)
    )
    cards = [
        api.vim.vm.customization.AdapterMapping(
            adapter=_adapter(machine.nic(kind), dhcp=want.dhcp and kind == "nat")
        )
        for kind in wanted.KINDS
    ]
    return api.vim.vm.customization.Specification(
        identity=prep, globalIPSettings=settings, nicSettingMap=cards
    )


def _adapter(nic: model.Nic, *, dhcp: bool) -> Any:  # noqa: ANN401
    if dhcp:
        return api.vim.vm.customization.IPSettings(ip=api.vim.vm.customization.DhcpIpGenerator())
    return api.vim.vm.customization.IPSettings(
        ip=api.vim.vm.customization.FixedIp(ipAddress=str(nic.address.ip)),
        subnetMask=str(nic.address.netmask),
        gateway=[str(nic.gateway)] if nic.gateway else [],
    )


def script(identity: seeds.Seed) -> str:
    """Return the script that gives the guest its host key and lets labkit in.

    VMware Tools run it twice, before and after they customize; the guest must allow that with
    `vmware-toolbox-cmd config set deployPkg enable-custom-scripts true`.
    """
    keys = "\n".join(identity.authorized_keys) + "\n"
    lines = ["#!/bin/sh", "set -eu", '[ "${1-}" = postcustomization ] || exit 0', "umask 077"]
    host = "/etc/ssh/ssh_host_ed25519_key"
    lines += [
        "rm -f /etc/ssh/ssh_host_*",
        shell.line(f"printf %s {{}} > {host}", identity.host_key.strip() + "\n"),
        shell.line(f"printf %s {{}} > {host}.pub", identity.host_key_public.strip() + "\n"),
        f"chmod 644 {host}.pub",
        shell.line("user={}", identity.user),
        'id "$user" >/dev/null 2>&1 || useradd -m -s /bin/bash "$user"',
        'home=$(getent passwd "$user" | cut -d: -f6)',
        'for folder in /root/.ssh "$home/.ssh"; do',
        '  mkdir -p "$folder"',
        shell.line('  printf %s {} > "$folder/authorized_keys"', keys),
        "done",
        'chown -R "$user:" "$home/.ssh"',
        'printf "%s ALL=(ALL) NOPASSWD:ALL\\n" "$user" > /etc/sudoers.d/labkit',
        "chmod 440 /etc/sudoers.d/labkit",
        "systemctl try-restart ssh.service sshd.service || :",
    ]
    return "\n".join(lines) + "\n"
