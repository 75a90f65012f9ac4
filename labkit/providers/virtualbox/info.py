"""What VBoxManage prints, as data. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LISTED = re.compile(r'^"(?P<name>.*)" \{(?P<id>[0-9a-f-]{36})\}$', re.MULTILINE)
_SETTING = re.compile(r'^"?(?P<key>[^="\n]+)"?="?(?P<value>.*?)"?$', re.MULTILINE)


def machines(text: str) -> dict[str, str]:
    """Return names by UUID, from `list vms` or `list runningvms`.

    A machine whose files cannot be read is called <inaccessible>.
    """
    return {found["id"]: found["name"] for found in _LISTED.finditer(text)}


def settings(text: str) -> dict[str, str]:
    """Return what `showvminfo --machinereadable` says."""
    return {found["key"]: found["value"] for found in _SETTING.finditer(text)}


def forwards(found: Mapping[str, str]) -> set[tuple[str, ...]]:
    """Return each NAT forward: protocol, host's address and port, guest's address and port.

    Its name is left out: Vagrant makes it up.
    """
    rules = (value for key, value in found.items() if key.startswith("Forwarding("))
    return {tuple(rule.split(",")[1:]) for rule in rules}


def extra_data(text: str) -> dict[str, str]:
    """Return what `getextradata ID enumerate` says."""
    pairs = (line.removeprefix("Key: ").partition(", Value: ") for line in text.splitlines())
    return {key: value for key, comma, value in pairs if comma}


def disks(text: str) -> dict[str, str]:
    """Return the files of `list hdds` by the UUID of their disk."""
    found = re.findall(r"^UUID: +(\S+)$.*?^Location: +(.+?)$", text, re.MULTILINE | re.DOTALL)
    return dict(found)


def attached(found: Mapping[str, str]) -> list[str]:
    """Return the UUIDs of the disks and images that a machine has, from its settings."""
    return [value for key, value in found.items() if "-ImageUUID-" in key]


def parents(text: str) -> dict[str, str]:
    """Return from `list hdds` what each disk is the difference of; a whole one is of nothing."""
    found: dict[str, str] = {}
    for part in re.split(r"\n\s*\n", text):
        lines = (line.partition(":") for line in part.splitlines())
        fields = {key: value.strip() for key, _, value in lines}
        parent = fields.get("Parent UUID", "")
        if "UUID" in fields and parent not in {"", "base"}:
            found[fields["UUID"]] = parent
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Adapter:
    """A host-only adapter."""

    name: str
    interface: ipaddress.IPv4Interface


def adapters(text: str) -> Iterator[Adapter]:
    """Yield the adapters of `list hostonlyifs` that have an IPv4 address."""
    for part in re.split(r"\n\s*\n", text):
        lines = (line.partition(":") for line in part.splitlines())
        fields = {key: value.strip() for key, _, value in lines}
        address, mask = fields.get("IPAddress", ""), fields.get("NetworkMask", "")
        if "Name" in fields and address and mask != "0.0.0.0":  # noqa: S104 - none, and no bind
            yield Adapter(fields["Name"], ipaddress.IPv4Interface(f"{address}/{mask}"))
