"""Domains: what libvirt calls machines, and what makes one ours. Reading is pure."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import uuid
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from labkit import markup
from labkit.plan import derive
from labkit.providers import base
from labkit.providers.libvirt import virsh
from labkit.workspace import registry

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# What `labkit.render.libvirt.owner` writes.
_OWNER = re.compile(r"labkit made this for lab (?P<lab>\S+) in (?P<folder>.+)", re.DOTALL)
# virDomainState of libvirt-domain.h. One that is paused, or on its way down, has not ended yet.
_STOPPED = {0, 5, 6}


@dataclasses.dataclass(frozen=True, slots=True)
class Domain:
    """A domain as libvirt describes it."""

    name: str
    uuid: uuid.UUID
    state: base.State
    description: str
    cpus: int
    memory_mib: int
    cards: Mapping[str, str]
    """By their MAC addresses, the network or bridge that they are plugged into."""
    files: tuple[str, ...]
    """Where its disks are."""


def printable(entry: registry.Entry) -> registry.Entry:
    """Return a lab as it can be written into libvirt's XML, which has no control characters."""
    return registry.Entry(pathlib.Path(markup.printable(str(entry.folder))), entry.lab)


def owner(domain: Domain) -> registry.Entry | None:
    """Return the lab that a domain is of; None when it is not proved to be labkit's.

    Its UUID is derived in a namespace of labkit's own from the two names that make up its name, so
    no other program's domain has it.
    """
    found = _OWNER.fullmatch(domain.description)
    if not found:
        return None
    lab = found["lab"]
    entry = registry.Entry(pathlib.Path(found["folder"]), lab)
    if domain.uuid != derive.machine_uuid(lab, machine(domain, entry)):
        return None
    return entry


def machine(domain: Domain, entry: registry.Entry) -> str:
    """Return the name of the machine that a domain is. Pure."""
    return domain.name.removeprefix(f"{entry.lab}-")


def look(wanted: Collection[str] | None = None) -> dict[str, Domain]:
    """Ask for those of some domains that exist, by name, in one go; None is all of this host.

    Raises:
        errors.ProviderError: libvirt does not answer.
    """

    def ask() -> dict[str, Domain]:
        names = set(virsh.run("list", "--all", "--name").split())
        chosen = sorted(names if wanted is None else names & set(wanted))
        if not chosen:
            return {}
        commands = [["domstats", "--state", "--nowait", *chosen]]
        commands += [["dumpxml", "--inactive", name] for name in chosen]
        return read(virsh.batch(commands))

    return virsh.steady(ask)


def read(text: str) -> dict[str, Domain]:
    """Read what `look` asks for."""
    said, *documents = re.split(r"(?m)^(?=<domain[ >])", text)
    states = _states(said)
    found = [_domain(document, states) for document in documents]
    return {domain.name: domain for domain in found}


def _states(text: str) -> Mapping[str, int]:
    pairs = re.findall(r"^Domain: '(.*)'\n\s+state\.state=(\d+)", text, re.MULTILINE)
    return {name: int(state) for name, state in pairs}


def _domain(document: str, states: Mapping[str, int]) -> Domain:
    root = ET.fromstring(document)  # noqa: S314 - as above
    name = root.findtext("name", "")
    stopped = states.get(name, 0) in _STOPPED
    return Domain(
        name=name,
        uuid=uuid.UUID(root.findtext("uuid", "")),
        state=base.State.STOPPED if stopped else base.State.RUNNING,
        description=root.findtext("description", ""),
        cpus=int(root.findtext("vcpu", "0")),
        memory_mib=int(root.findtext("memory", "0")) >> 10,
        cards=dict(map(_card, root.findall("devices/interface"))),
        files=tuple(each.get("file", "") for each in root.findall("devices/disk/source")),
    )


def _card(interface: ET.Element) -> tuple[str, str]:
    mac, source = interface.find("mac"), interface.find("source")
    plugged = {} if source is None else source.attrib
    where = plugged.get("network") or plugged.get("bridge", "")
    return ("" if mac is None else mac.get("address", "")), where
