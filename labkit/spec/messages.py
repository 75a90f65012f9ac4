"""What pydantic found wrong, in the words of a person who writes lab files."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.spec import context as contexts
from labkit.spec import faults, model, place, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pydantic
    from pydantic_core import ErrorDetails

    from labkit import errors
    from labkit.spec import document as documents

KEY_MARK = "[key]"
"""What pydantic puts at the end of a path when it means the key and not its value."""

_MISSING = {
    "lab": "add the lab's name, for example 'lab: my-lab'",
    "machines": "add 'machines:', and under it each machine by its name",
    "nat": "add its NAT address, for example 'nat: 10.0.2.61'",
    "hostonly": "add its host-only address, for example 'hostonly: 192.168.56.61'",
    "service": "add the keyring's service, for example 'service: labkit'",
    "run": "add the command, for example 'run: systemctl is-active nginx'",
    "path": "add the file's path, for example 'path: /etc/motd'",
    "port": "add the port's number, for example 'port: 80'",
    "url": "add the address, for example 'url: http://web-01/'",
    "kind": "add what the card is connected to, for example 'kind: internal'",
    "name": "add the name of the network or bridge, for example 'name: dmz'",
    "guest": "add the machine's port, for example 'guest: 80'",
    "user": "add the keyring's user, for example 'user: admin'",
    "classroom": "add the class's name, for example 'classroom: k8s-2026'",
}

_Said = tuple[str, str]


def explain(
    error: pydantic.ValidationError,
    document: documents.Document,
    root: type[pydantic.BaseModel] = model.LabFile,
) -> Iterator[errors.Problem]:
    """Turn each error into a problem at its place; what was told before is left out.

    Args:
        error: What pydantic found.
        document: The file.
        root: The shape of the whole file.
    """
    for detail in error.errors(include_url=False):
        path: place.Path = detail["loc"]
        is_key = path[-1:] == (KEY_MARK,)
        path = path[:-1] if is_key else path
        if document.is_broken(path):
            continue
        message, hint = _say(detail, path, root)
        if is_key or detail["type"] == "extra_forbidden":
            yield document.problem(document.locate_key(path), message, hint)
        else:
            yield document.problem(document.locate(path), message, hint)


def keys_at(path: place.Path, root: type[pydantic.BaseModel] = model.LabFile) -> tuple[str, ...]:
    """Return the keys that a file can have in the mapping at a path."""
    shape = root
    rest = iter(path)
    for part in rest:
        annotation: Any = shape.model_fields[str(part)].annotation
        if typing.get_origin(annotation) is Mapping:
            annotation = typing.get_args(annotation)[1]
            next(rest)
        elif typing.get_origin(annotation) is tuple:
            annotation = typing.get_args(annotation)[0]
            next(rest)
        elif isinstance(annotation, types.UnionType):
            annotation = typing.get_args(annotation)[0]
        shape = annotation
    return tuple(shape.model_fields)


def _say(detail: ErrorDetails, path: place.Path, root: type[pydantic.BaseModel]) -> _Said:
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == faults.TYPE:
        return context["message"], context["hint"]
    if kind == "extra_forbidden":
        hint = words.nearest(str(path[-1]), keys_at(path[:-1], root), otherwise="the keys here are")
        others = [
            name for name in contexts.PROVIDERS if path[-1] in _keys_of_provider(path, name, root)
        ]
        if others:
            owner = words.one_of(others, "and")
            return f"{path[1]} has no option {words.show(path[-1])}: it is for {owner}", hint
        return f"unknown key {words.show(path[-1])}", hint
    if kind == "missing":
        return _missing(path, path[-1])
    if place.is_private(path):
        return _secret(path, kind, detail["input"])
    return _SENTENCES.get(kind, _unforeseen)(path, context, detail["input"])


def _keys_of_provider(
    path: place.Path, provider: str, root: type[pydantic.BaseModel]
) -> tuple[str, ...]:
    """Return the keys that another provider has in the place of the mapping with a key."""
    if path[0] != "providers" or len(path) == len(("providers", "NAME")):
        return ()
    try:
        return keys_at((path[0], provider, *path[2:-1]), root)
    except (AttributeError, KeyError):  # it has no mapping there
        return ()


def _subject(path: place.Path) -> str:
    """Name the value at a path: by its key, or as an entry of a list."""
    if isinstance(path[-1], int):
        return f"an entry of {words.show(path[-2])}"
    return words.show(path[-1])


def _missing(path: place.Path, name: object) -> _Said:
    where = f"{_subject(path[:-1])} has" if len(path) > 1 else "the file has"
    return f"{where} no '{name}'", _MISSING.get(str(name), "the reference says what it can be")


def _text(path: place.Path, _context: dict[str, Any], value: object) -> _Said:
    shown = words.show(value)
    hint = f'put it in quotes: "{shown}"'
    if isinstance(value, dict | tuple):
        hint = "write one value after the ':'"
    return f"{_subject(path)} must be text, not {shown}", hint


def _secret(path: place.Path, kind: str, value: object) -> _Said:
    """Say what is wrong without the value: somebody may have written the secret itself."""
    if kind == "string_type":
        return f"{_subject(path)} must be text, not {words.kind(value)}", "put it in quotes"
    message = f"{_subject(path)} must be a mapping, not {words.kind(value)}"
    if len(path) == 1:
        return message, "write each secret's name and place on a line of its own, indented"
    if len(path) == len(("secrets", "NAME")):
        return message, f"a secret itself never stands here; {model.SOURCES}"
    return message, "write {service: NAME, user: NAME}"


def _number(path: place.Path, _context: dict[str, Any], value: object) -> _Said:
    hint = "write it in digits alone"
    if isinstance(value, str) and value.isdecimal():
        hint = f"remove the quotes: {value}"
    return f"{_subject(path)} must be a whole number, not {words.show(value)}", hint


def _boolean(path: place.Path, _context: dict[str, Any], value: object) -> _Said:
    return (
        f"{_subject(path)} must be true or false, not {words.show(value)}",
        "write true or false, without quotes",
    )


def _list(path: place.Path, _context: dict[str, Any], value: object) -> _Said:
    hint = "write each entry on a line of its own, after '- '"
    if isinstance(value, str | int):
        hint = f"write it in brackets: [{value}]"[: words.SHOWN]
    return f"{_subject(path)} must be a list, not {words.show(value)}", hint


def _mapping(path: place.Path, _context: dict[str, Any], value: object) -> _Said:
    message = f"{_subject(path)} must be a mapping, not {words.show(value)}"
    return message, "write 'key: value' on the lines under it, indented"


def _choice(path: place.Path, context: dict[str, Any], value: object) -> _Said:
    # pydantic gives the choices as prose: 'a', 'b' or 'c'.
    choices = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
    message = f"{_subject(path)} must be {words.one_of(choices)}, not {words.show(value)}"
    return message, words.nearest(str(value), choices, otherwise="write one of")


def _too_small(path: place.Path, context: dict[str, Any], value: object) -> _Said:
    message = f"{_subject(path)} must be {context['ge']} or more, not {words.show(value)}"
    return message, "write a greater number"


def _too_great(path: place.Path, context: dict[str, Any], value: object) -> _Said:
    message = f"{_subject(path)} must be {context['le']} or less, not {words.show(value)}"
    return message, "write a smaller number"


def _too_short(path: place.Path, _context: dict[str, Any], _value: object) -> _Said:
    return f"{_subject(path)} is empty", "add at least one entry"


def _too_long(path: place.Path, context: dict[str, Any], _value: object) -> _Said:
    message = f"{_subject(path)} has {context['actual_length']} entries"
    return message, f"it can have at most {context['max_length']}"


def _unforeseen(path: place.Path, _context: dict[str, Any], value: object) -> _Said:
    message = f"{_subject(path)} cannot be {words.show(value)}"
    return message, "the reference says what it can be"


_SENTENCES: dict[str, Callable[[place.Path, dict[str, Any], object], _Said]] = {
    "bool_type": _boolean,
    "dict_type": _mapping,
    "greater_than_equal": _too_small,
    "int_type": _number,
    "less_than_equal": _too_great,
    "literal_error": _choice,
    "mapping_type": _mapping,
    "model_type": _mapping,
    "string_type": _text,
    "too_long": _too_long,
    "too_short": _too_short,
    "tuple_type": _list,
}
