"""The keys of a file that people write, from the model by which it is checked and its schema."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

from labkit.reference import _markdown, _source

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pydantic

_ADDRESS = ("^[0-9]{1,3}([.][0-9]{1,3}){3}", "^127([.][0-9]{1,3}){3}")


def sections(
    document: dict[str, Any],
    models: Sequence[types.ModuleType],
    root: str,
    places: Mapping[str, str],
    default: Callable[[str, str, dict[str, Any]], str],
) -> list[str]:
    """Return a section for each mapping of a file.

    Args:
        document: The file's JSON Schema.
        models: The modules with the classes of the mappings.
        root: The class of the whole file.
        places: Where each class's mapping stands in the file, in the order of the sections.
        default: Says what holds without a key: of a class, the key, and its schema.
    """
    shapes = {root: document, **document["$defs"]}
    parts: list[str] = []
    for name, title in places.items():
        parts += [f"## {title}", *_section(name, shapes[name], models, places, default)]
    return parts


def rules(package: str, names: Sequence[str]) -> Iterator[str]:
    """Yield what a package of rules refuses."""
    folder = package.replace(".", "/")
    yield f"What values may be together. Each rule is a module of `{folder}`."
    found = {name: importlib.import_module(f"{package}.{name}") for name in names}
    rows = [(_markdown.word(name), _source.first(rule)) for name, rule in found.items()]
    yield _markdown.table(("rule", "holds that"), rows)


def default(name: str, key: str, node: dict[str, Any]) -> str:
    """Return a key's default as its schema has it."""
    del name, key
    value = node.get("default")
    if value is None or isinstance(value, dict):
        return ""
    return _markdown.word(json.dumps(value).replace('"', ""))


def _section(
    name: str,
    shape: dict[str, Any],
    models: Sequence[types.ModuleType],
    places: Mapping[str, str],
    default: Callable[[str, str, dict[str, Any]], str],
) -> Iterator[str]:
    yield shape["description"]
    # The schema's keys are sorted; the model has the order in which people write them.
    kind: type[pydantic.BaseModel] = next(
        getattr(module, name) for module in models if hasattr(module, name)
    )
    required = shape.get("required", ())
    rows = [
        (
            _markdown.word(key),
            _type(shape["properties"][key], places),
            "required" if key in required else default(name, key, shape["properties"][key]),
            shape["properties"][key].get("description", ""),
        )
        for key in kind.model_fields
    ]
    yield _markdown.table(("key", "value", "default", "meaning"), rows)


def _type(node: dict[str, Any], places: Mapping[str, str]) -> str:  # noqa: PLR0911 - one a kind
    if target := str(node.get("$ref", "")).rpartition("/")[2]:
        return f"[mapping](#{_anchor(places[target])})"
    if "enum" in node:
        return _markdown.one_of(node["enum"])
    match node.get("type"):
        case "integer":
            return f"whole number, {node['minimum']} to {node['maximum']}"
        case "boolean":
            return _markdown.one_of(("true", "false"))
        case "array":
            most = f", at most {node['maxItems']}" if "maxItems" in node else ""
            return f"list of: {_type(node['items'], places)}{most}"
        case "object":
            values = [*node.get("patternProperties", {}).values()] or [node["additionalProperties"]]
            return f"mapping of names to: {_type(values[0], places)}"
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


def _anchor(title: str) -> str:
    kept = "".join(each for each in title.lower() if each.isalnum() or each in " -_")
    return kept.replace(" ", "-")
