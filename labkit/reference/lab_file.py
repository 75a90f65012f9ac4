"""The keys of lab.yml: from the model by which it is checked, and its JSON Schema."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

from labkit.reference import _markdown, _source
from labkit.spec import model, roles, rules, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pydantic

_INTRODUCTION = """
Every value is checked before anything is made, and every problem is reported at once with its line
and column. Editors complete from [the JSON Schema](lab.schema.json), which the first line of a lab
file names: `# yaml-language-server: $schema=lab.schema.json`.

A machine's settings come from `defaults`, then from its roles in their order, then from its own
entry. A later single value replaces an earlier one; `sysctl` is merged key by key; `packages` and
`profiles` are joined.
"""
_ADDRESS = "^[0-9]{1,3}([.][0-9]{1,3}){3}"
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
    "Providers": "providers",
    "Qemu": "providers.qemu",
    "Virtualbox": "providers.virtualbox",
    "VirtualboxMachine": "providers.virtualbox.machines.NAME",
    "Forward": "providers.virtualbox.machines.NAME.forwards",
    "ExtraNic": "providers.virtualbox.machines.NAME.nics",
    "Libvirt": "providers.libvirt",
}


def page() -> str:
    """Return the page."""
    document = json.loads(schema.generate())
    shapes = {"LabFile": document, **document["$defs"]}
    parts: list[str] = []
    for name, title in _PLACES.items():
        parts += [f"## {title}", *_section(name, shapes[name])]
    parts += ["## Roles", *_roles(), "## Rules", *_rules()]
    return _markdown.page("lab.yml", _INTRODUCTION, *parts)


def _section(name: str, shape: dict[str, Any]) -> Iterator[str]:
    yield shape["description"]
    # The schema's keys are sorted; the model has the order in which people write them.
    kind: type[pydantic.BaseModel] = getattr(model, name)
    required = shape.get("required", ())
    rows = [
        (
            _markdown.word(key),
            _type(shape["properties"][key]),
            "required" if key in required else _default(name, key, shape["properties"][key]),
            shape["properties"][key].get("description", ""),
        )
        for key in kind.model_fields
    ]
    yield _markdown.table(("key", "value", "default", "meaning"), rows)


def _type(node: dict[str, Any]) -> str:  # noqa: PLR0911 - one answer a kind
    if target := _target(node):
        title = _PLACES[target]
        return f"[mapping](#{_anchor(title)})"
    if "enum" in node:
        return _markdown.one_of(node["enum"])
    match node.get("type"):
        case "integer":
            return f"whole number, {node['minimum']} to {node['maximum']}"
        case "boolean":
            return _markdown.one_of(("true", "false"))
        case "array":
            most = f", at most {node['maxItems']}" if "maxItems" in node else ""
            return f"list of: {_type(node['items'])}{most}"
        case "object":
            values = [*node.get("patternProperties", {}).values()] or [node["additionalProperties"]]
            return f"mapping of names to: {_type(values[0])}"
        case [*_]:
            return "text or whole number"
        case _:
            return _text(node)


def _text(node: dict[str, Any]) -> str:
    """Tell addresses and sizes from other texts; the schema knows them by their patterns."""
    if "examples" in node:
        return f"text such as {_markdown.word(node['examples'][0])}"
    pattern = str(node.get("pattern", ""))
    if not pattern.startswith(_ADDRESS):
        return "text"
    return "IPv4 network" if "/" in pattern else "IPv4 address"


def _target(node: dict[str, Any]) -> str:
    return str(node.get("$ref", "")).rpartition("/")[2]


def _default(name: str, key: str, node: dict[str, Any]) -> str:
    if name in {"Settings", "MachineEntry"}:
        if name == "MachineEntry":
            return "inherited" if key in model.Settings.model_fields else ""
        built_in = model.BUILT_IN.model_dump(mode="json")[key]
        return _markdown.word(built_in) if built_in else ""
    default = node.get("default")
    if default is None or isinstance(default, dict):
        return ""
    return _markdown.word(json.dumps(default).replace('"', ""))


def _anchor(title: str) -> str:
    kept = "".join(each for each in title.lower() if each.isalnum() or each in " -_")
    return kept.replace(" ", "-")


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


def _rules() -> Iterator[str]:
    yield "What values may be together. Each rule is a module of `labkit/spec/rules`."
    found = {name: importlib.import_module(f"{rules.__name__}.{name}") for name in rules.names()}
    rows = [(_markdown.word(name), _source.first(rule)) for name, rule in found.items()]
    yield _markdown.table(("rule", "holds that"), rows)
