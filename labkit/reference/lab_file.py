"""The keys of lab.yml: from the model by which it is checked, and its JSON Schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labkit.reference import _markdown, _shape
from labkit.spec import model, own_checks, roles, rules, schema, vagrant, vcenter

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION = """
Every value is checked before anything is made, and every problem is reported at once with its line
and column. Editors complete from [the JSON Schema](lab.schema.json), which the first line of a lab
file names: `# yaml-language-server: $schema=lab.schema.json`.

A machine's settings come from `defaults`, then from its roles in their order, then from its own
entry. A later single value replaces an earlier one; `sysctl` is merged key by key; `packages` and
`profiles` are joined.
"""
_PLACES: dict[str, str] = {
    "LabFile": "The file",
    "Networks": "networks",
    "Nat": "networks.nat",
    "Hostonly": "networks.hostonly",
    "Dns": "dns",
    "Kubernetes": "kubernetes",
    "Settings": "defaults, and roles.NAME",
    "MachineEntry": "machines.NAME",
    "SecretSource": "secrets.NAME",
    "KeyringEntry": "secrets.NAME.keyring",
    "CheckEntry": "checks.NAME",
    "CommandCheck": "checks.NAME.command",
    "FileCheck": "checks.NAME.file",
    "PortCheck": "checks.NAME.port",
    "HttpCheck": "checks.NAME.http",
    "Providers": "providers",
    "Qemu": "providers.qemu",
    "Virtualbox": "providers.virtualbox",
    "VirtualboxMachine": "providers.virtualbox.machines.NAME",
    "Forward": "providers.virtualbox.machines.NAME.forwards, and those of providers.libvirt",
    "ExtraNic": "providers.virtualbox.machines.NAME.nics",
    "Libvirt": "providers.libvirt",
    "LibvirtMachine": "providers.libvirt.machines.NAME",
    "LibvirtNic": "providers.libvirt.machines.NAME.nics",
    "Vsphere": "providers.vsphere",
    "PortGroup": "providers.vsphere.nat, providers.vsphere.hostonly",
    "Range": "providers.vsphere.address_range",
    "Jump": "providers.vsphere.jump",
}


def page() -> str:
    """Return the page."""
    document = json.loads(schema.generate())
    parts = _shape.sections(
        document, (model, own_checks, vagrant, vcenter), "LabFile", _PLACES, _default
    )
    parts += ["## Roles", *_roles(), "## Rules", *_shape.rules(rules.__name__, rules.names())]
    return _markdown.page("lab.yml", _INTRODUCTION, *parts)


def _default(name: str, key: str, node: dict[str, Any]) -> str:
    if name in {"Settings", "MachineEntry"}:
        if name == "MachineEntry":
            return "inherited" if key in model.Settings.model_fields else ""
        built_in = model.BUILT_IN.model_dump(mode="json")[key]
        return _markdown.word(built_in) if built_in else ""
    return _shape.default(name, key, node)


def _roles() -> Iterator[str]:
    rows = [
        (
            _markdown.word(role.name),
            ", ".join(_markdown.word(alias) for alias in role.aliases),
            ", ".join(_markdown.word(profile) for profile in ("base", *role.profiles)),
        )
        for role in roles.ROLES
    ]
    yield _markdown.table(("role", "also called", "profiles"), rows)
