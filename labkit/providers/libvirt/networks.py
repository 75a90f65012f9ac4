"""The lab's two networks: NAT with the plan's own gateway and forwarder, and host-only."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import pathlib
import uuid
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from labkit import errors
from labkit.plan import derive
from labkit.providers.libvirt import virsh
from labkit.render import libvirt as hardware
from labkit.workspace import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.plan import model

_NAMESPACE = "urn:labkit:lab"
_MARK = f"{{{_NAMESPACE}}}lab"


@dataclasses.dataclass(frozen=True, slots=True)
class Network:
    """A network as libvirt describes it."""

    name: str
    uuid: uuid.UUID
    bridge: str
    owner: registry.Entry | None
    """The lab that it was made for; None when it is not proved to be labkit's."""
    addresses: tuple[ipaddress.IPv4Interface, ...]
    machines: frozenset[tuple[str, str]] = frozenset()
    """The MAC and the address of each machine that it gives one to."""


def document(lab: model.Lab, kind: str, entry: registry.Entry) -> str:
    """Write the XML of a network (libvirt's formatnetwork.html). Pure.

    The NAT one has two addresses of this host, as the plan has them: its gateway's, and that of the
    DNS forwarder. Its leases are the machines' own addresses and never end, so that Vagrant finds a
    machine also when it no longer asks for a lease. On an internal one this host has no address.
    """
    root = ET.Element("network")
    ET.SubElement(root, "name").text = hardware.network(lab.name, kind)
    ET.SubElement(root, "uuid").text = str(derive.network_uuid(lab.name, kind))
    ET.register_namespace("labkit", _NAMESPACE)
    metadata = ET.SubElement(root, "metadata")
    ET.SubElement(metadata, _MARK, name=lab.name, folder=str(entry.folder))
    ET.SubElement(root, "bridge", stp="on", delay="0")
    if kind == "nat":
        _nat(root, lab)
    else:
        ET.SubElement(root, "dns", enable="no")
        if kind == "hostonly" and not lab.provider_options.get("internal"):
            subnet = lab.network(kind).subnet
            ET.SubElement(root, "ip", address=str(subnet[1]), netmask=str(subnet.netmask))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _nat(root: ET.Element, lab: model.Lab) -> None:
    network = lab.network("nat")
    mask = str(network.subnet.netmask)
    ET.SubElement(root, "forward", mode="nat")
    gateway = ET.SubElement(root, "ip", address=str(network.gateway), netmask=mask)
    ET.SubElement(root, "ip", address=str(network.dns), netmask=mask)
    leases = ET.SubElement(gateway, "dhcp")
    for machine in lab.machines:
        nic = machine.nic("nat")
        one = ET.SubElement(leases, "host", mac=nic.mac, name=machine.name, ip=str(nic.address.ip))
        ET.SubElement(one, "lease", expiry="0")


def every() -> dict[str, Network]:
    """Ask for all networks of this host, by name."""

    def ask() -> dict[str, Network]:
        names = virsh.run("net-list", "--all", "--name").split()
        text = virsh.batch([["net-dumpxml", each] for each in names]) if names else ""
        return {network.name: network for network in read(text)}

    return virsh.steady(ask)


def read(text: str) -> Sequence[Network]:
    """Read the XML of networks, one after another. Pure."""
    documents = ET.fromstring(f"<all>{text}</all>")  # noqa: S314 - as above
    return [_network(each) for each in documents]


def _network(root: ET.Element) -> Network:
    bridge = root.find("bridge")
    hosts = root.findall("ip/dhcp/host")
    return Network(
        name=root.findtext("name", ""),
        uuid=uuid.UUID(root.findtext("uuid", "")),
        bridge="" if bridge is None else bridge.get("name", ""),
        owner=_owner(root),
        addresses=tuple(_addresses(root)),
        machines=frozenset((each.get("mac", ""), each.get("ip", "")) for each in hosts),
    )


def _addresses(root: ET.Element) -> Sequence[ipaddress.IPv4Interface]:
    return [
        ipaddress.IPv4Interface(
            f"{each.get('address')}/{each.get('netmask') or each.get('prefix')}"
        )
        for each in root.findall("ip")
        if each.get("family", "ipv4") == "ipv4"
    ]


def _owner(root: ET.Element) -> registry.Entry | None:
    mark = root.find(f"metadata/{_MARK}")
    if mark is None:
        return None
    lab = mark.get("name", "")
    kind = root.findtext("name", "").removeprefix(hardware.network(lab, ""))
    if root.findtext("uuid") != str(derive.network_uuid(lab, kind)):
        return None
    return registry.Entry(pathlib.Path(mark.get("folder", "")), lab)


def ensure(lab: model.Lab, entry: registry.Entry, folder: pathlib.Path) -> None:
    """Make the networks that are absent, start them, and give each machine its lease.

    Args:
        lab: The lab.
        entry: Whose they will be.
        folder: Where XML is put for virsh to read.

    Raises:
        errors.ProviderError: libvirt refused, or a network of that name cannot be this lab's.
    """
    known = every()
    active = set(virsh.run("net-list", "--name").split())
    for kind in hardware.kinds(lab):
        text = document(lab, kind, entry)
        (wanted,) = read(text)
        found = known.get(wanted.name)
        if found is None:
            path = folder / f"{wanted.name}.xml"
            path.write_text(text, encoding="utf-8")
            virsh.run("net-define", str(path))
        elif problem := refusal(found, wanted):
            raise problem
        if wanted.name not in active:
            virsh.run("net-start", wanted.name)
        if found:
            _renew(found, wanted)


def refusal(found: Network, wanted: Network) -> errors.ProviderError | None:
    """Return why a network that is there cannot be the lab's. Pure."""
    if found.owner != wanted.owner:
        whose = "not labkit's"
        if found.owner:
            whose = f"that of lab '{found.owner.lab}' in {found.owner.folder}"
        return errors.ProviderError(
            f"libvirt's network '{found.name}' is {whose}",
            hint="rename the lab in lab.yml; nothing of others is touched",
        )
    if set(found.addresses) != set(wanted.addresses):
        how = "for another subnet"
        if not found.addresses or not wanted.addresses:
            how = f"with{'' if found.addresses else 'out'} this host on it"
        return errors.ProviderError(
            f"libvirt's network '{found.name}' was made {how}",
            hint="'lab.destroy', then 'lab.up' makes the lab on the new one",
        )
    return None


def _renew(found: Network, wanted: Network) -> None:
    """Give leases to machines that are new, and take those of others away; none is cut off."""
    commands: list[tuple[str, ...]] = []
    for verb, leases in (
        ("delete", found.machines - wanted.machines),
        ("add", wanted.machines - found.machines),
    ):
        for mac, address in sorted(leases):
            host = ET.Element("host", mac=mac, ip=address)
            ET.SubElement(host, "lease", expiry="0")
            change = ET.tostring(host, encoding="unicode")
            where = ("--live", "--config")
            commands.append(("net-update", found.name, verb, "ip-dhcp-host", change, *where))
    for words in commands:
        virsh.run(*words)


def remove(entry: registry.Entry) -> None:
    """Remove a lab's networks; one that is not its own stays.

    Raises:
        errors.ProviderError: libvirt refused.
    """
    for network in own(entry):
        with contextlib.suppress(errors.ProviderError):  # it is not active
            virsh.run("net-destroy", network.name)
        virsh.run("net-undefine", network.name)


def own(entry: registry.Entry) -> list[Network]:
    """Look for the networks that were made for a lab."""
    return [network for network in every().values() if network.owner == entry]
