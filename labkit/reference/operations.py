"""The kinds of wanted state: their keys, what they ask a machine, where profiles use them."""

from __future__ import annotations

import sys
import types
import typing
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args, get_origin

import pydantic
import yaml

from labkit import docstrings, operations
from labkit.reference import _markdown, _source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_INTRODUCTION = """
A profile, which is a YAML file in `provision/` or `network/`, is a list of operations under the
key `operations`; it may have a `title`. Each entry has `why`, a sentence, and one kind with its
keys; it may have `tags`. Values are filled in by Jinja2 expressions over `lab`, `machine`,
`keys`, `hosts`, `known_hosts`, and in `network/` also `nic`. `template: NAME` in the place of
`content:` fills in a file of `provision/templates`.
[How to write one](../how-to/own-profile.md).

An operation asks the machine what is there (the probe), compares the answer with what is wanted,
and names the changes. `labkit up` makes them, `labkit verify` demands that there are none.
"""
_PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
}
_NAMES = {
    "UUID": "UUID",
    "IPv4Address": "IPv4 address",
    "IPv4Interface": "IPv4 address with its prefix, such as `192.168.56.61/24`",
}
_NEVER_RIGHT = "\0"


def page() -> str:
    """Return the page."""
    parts: list[str] = []
    for name, kind in operations.kinds().items():
        parts += [f"## {name}", *_operation(name, kind)]
    return _markdown.page("Operations", _INTRODUCTION, *parts)


def _operation(name: str, kind: Any) -> Iterator[str]:  # noqa: ANN401 - any operation's class
    yield _source.words(sys.modules[kind.__module__])
    yield _source.words(kind)
    yield _fields(list(_rows(kind)))
    yield f"- The probe: {_lower(_source.words(kind.probe))}\n- Changes: {_source.words(kind.diff)}"
    if used := _uses(name):
        lines = "\n".join(f"- {file}: {why}" for file, why in used)
        yield f"In the shipped profiles:\n\n{lines}"
    case = next(each for each in _source.cases("operations", name) if "probe" in each)
    yield "An example, and what it asks a machine:"
    yield _markdown.code(_markdown.dump({name: case["arguments"]}), "yaml")
    yield _markdown.code(case["probe"], "sh")


def _fields(rows: list[tuple[str, str, str, str]]) -> str:
    """Leave the last column out when no key says more than its value does."""
    head = ("key", "value", "default", "meaning")
    columns = len(head) if any(row[-1] for row in rows) else len(head) - 1
    return _markdown.table(head[:columns], [row[:columns] for row in rows])


def _rows(kind: type[pydantic.BaseModel], before: str = "") -> Iterator[tuple[str, str, str, str]]:
    meanings = docstrings.attributes(kind)
    for name, field in kind.model_fields.items():
        nested = field.annotation
        # A part that may be left out: `ForEl | None`.
        part = next(iter(get_args(nested)), nested)
        if isinstance(part, type) and issubclass(part, pydantic.BaseModel):
            yield from _rows(part, f"{before}{name}.")
            continue
        yield (
            _markdown.word(f"{before}{name}"),
            _describe(nested, *field.metadata),
            _default(field),
            meanings.get(name, ""),
        )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = cast("object", field.default)
    if value in (None, (), {}):
        return ""
    return _markdown.word(str(value).lower() if isinstance(value, bool) else value)


def _describe(annotation: Any, *metadata: Any) -> str:  # noqa: ANN401, PLR0911 - all of Python's types
    if get_origin(annotation) is Annotated:
        inner, *own = get_args(annotation)
        return _describe(inner, *own, *metadata)
    if annotation is str and metadata:
        return _complaint(Annotated[annotation, *metadata])
    arguments = [each for each in get_args(annotation) if each not in (types.NoneType, Ellipsis)]
    match get_origin(annotation):
        case typing.Literal:
            return _markdown.one_of(arguments)
        case typing.Union | types.UnionType:
            return _describe(arguments[0])
        case origin if origin is tuple:
            return f"list of: {_describe(arguments[0])}"
        case origin if origin is dict:
            return f"mapping of: {_describe(arguments[0])}; to: {_describe(arguments[1])}"
        case _:
            return _PLAIN.get(annotation) or _NAMES[annotation.__name__]


def _complaint(annotation: Any) -> str:  # noqa: ANN401 - see above
    """Return what a value should be, in the words that a wrong one gets."""
    try:
        pydantic.TypeAdapter(annotation).validate_python(_NEVER_RIGHT)
    except pydantic.ValidationError as error:
        message = str(error.errors()[0]["msg"])
        return message.partition(" is not ")[2] or "text"
    return "text"


def _uses(name: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for folder in ("provision", "network"):
        for file in sorted((_source.REPOSITORY / folder).glob("*.yml")):
            entries = yaml.safe_load(file.read_text(encoding="utf-8"))["operations"]
            shown = f"[{folder}/{file.name}](../../{folder}/{file.name})"
            whys = (entry["why"] for entry in entries if name in entry)
            found += [(shown, why["en"] if isinstance(why, dict) else why) for why in whys]
    return found


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
