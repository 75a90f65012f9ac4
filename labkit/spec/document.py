"""From YAML text to plain data that knows where each of its values was written.

Only what cannot be misread gets through: text, decimal numbers, true and false, lists and
mappings. YAML 1.1 reads `no` as false, `010` as 8 and `1:30` as 90; those are refused with the
advice to quote them, as are nulls, tags, merge keys and duplicate keys.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import TYPE_CHECKING

import yaml
import yaml.nodes

from labkit import errors
from labkit.spec import filekind, place, syntax, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TAG = "tag:yaml.org,2002:"
_KINDS = {
    "bool": "as true or false",
    "float": "as a number",
    "int": "as a number",
    "null": "as no value",
    "timestamp": "as a date",
    "value": "as a default value",
}
_INT = re.compile("0|-?[1-9][0-9]{0,17}")
_FLOAT = re.compile("-?[0-9]{1,15}[.][0-9]{1,15}")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_PLAIN: dict[str, Callable[[str], object | None]] = {
    "str": str,
    "int": lambda text: int(text) if _INT.fullmatch(text) else None,
    "float": lambda text: float(text) if _FLOAT.fullmatch(text) else None,
    "bool": _BOOLS.get,
}
"""For each type, what reads its text; None when the text is one of YAML's surprising spellings."""


class Broken:
    """Stands in the data for a value whose problem has been told."""


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """The data of a file: dicts, tuples, text, numbers, booleans, and where they stand."""

    file: str
    data: object
    places: Mapping[place.Path, place.Position]
    """Of values; for a list or mapping the place of its key, which is what a reader looks for."""
    keys: Mapping[place.Path, place.Position]
    problems: tuple[errors.Problem, ...]
    broken: frozenset[place.Path]
    """Paths at and under which nothing more needs to be said."""

    def locate(self, path: place.Path) -> place.Position:
        """Return the place of a value, or of the nearest ancestor that exists."""
        return _nearest(self.places, path)

    def locate_key(self, path: place.Path) -> place.Position:
        """Return the place of a key, or of the nearest ancestor's key."""
        return _nearest(self.keys, path)

    def problem(self, where: place.Position, message: str, hint: str) -> errors.Problem:
        """Make a problem of this file."""
        return errors.Problem(self.file, where.line, where.column, message, hint)

    def is_broken(self, path: place.Path) -> bool:
        """Say whether the value, or one that it is in, has already been complained about."""
        return any(path[:end] in self.broken for end in range(len(path) + 1))


def compose(text: str, file: str, kind: filekind.FileKind = filekind.LAB) -> Document:
    """Read one YAML document; what is wrong with single values is in `problems`.

    Raises:
        errors.FileError: The text is no YAML document, or none that is a mapping.
    """
    syntax.check(text, file, kind)
    node = yaml.compose(text, Loader=syntax.LOADER)
    builder = _Builder(file, kind)
    if not isinstance(node, yaml.nodes.MappingNode):
        raise errors.FileError([builder.not_a_mapping(node)])
    data = builder.value(node, ())
    problems = tuple(dict.fromkeys(builder.problems))
    return Document(file, data, builder.places, builder.keys, problems, frozenset(builder.broken))


def _nearest(positions: Mapping[place.Path, place.Position], path: place.Path) -> place.Position:
    for end in range(len(path), -1, -1):
        if found := positions.get(path[:end]):
            return found
    return place.START


def _position(node: yaml.nodes.Node) -> place.Position:
    return place.Position(node.start_mark.line + 1, node.start_mark.column + 1)


@dataclasses.dataclass(slots=True)
class _Builder:
    """Turns nodes into data and collects what is wrong on the way."""

    file: str
    kind: filekind.FileKind
    problems: list[errors.Problem] = dataclasses.field(default_factory=list[errors.Problem])
    places: dict[place.Path, place.Position] = dataclasses.field(
        default_factory=dict[place.Path, place.Position]
    )
    keys: dict[place.Path, place.Position] = dataclasses.field(
        default_factory=dict[place.Path, place.Position]
    )
    broken: set[place.Path] = dataclasses.field(default_factory=set[place.Path])

    def not_a_mapping(self, node: yaml.nodes.Node | None) -> errors.Problem:
        """Say that the whole document is something other than a mapping."""
        found = "a list" if isinstance(node, yaml.nodes.SequenceNode) else "a single value"
        message = f"a {self.kind.name} is a mapping of keys to values, not {found}"
        if node is None or node.tag == f"{_TAG}null":
            message = self.kind.empty
        where = _position(node) if node else place.START
        return errors.Problem(self.file, where.line, where.column, message, self.kind.begin)

    def value(self, node: yaml.nodes.Node, path: place.Path) -> object:
        """Return the data of a node, or `Broken` when it has a problem of its own."""
        is_scalar = isinstance(node, yaml.nodes.ScalarNode)
        start = _position(node)
        self.places[path] = start if is_scalar else self.keys.get(path, start)
        match node:
            case yaml.nodes.MappingNode(tag=tag) if tag == f"{_TAG}map":
                return self._mapping(node, path)
            case yaml.nodes.SequenceNode(tag=tag) if tag == f"{_TAG}seq":
                items: list[yaml.nodes.Node] = node.value
                return tuple(self.value(item, (*path, i)) for i, item in enumerate(items))
            case yaml.nodes.ScalarNode():
                return self._scalar(node, path)
            case _:
                return self._tagged(node, path)

    def _mapping(self, node: yaml.nodes.MappingNode, path: place.Path) -> dict[str, object]:
        data: dict[str, object] = {}
        pairs: list[tuple[yaml.nodes.Node, yaml.nodes.Node]] = node.value
        for key_node, value_node in pairs:
            key = self._key(key_node, path)
            if key is None:
                self.broken.add(path)
                continue
            if key in data:
                first = self.keys[*path, key]
                message = f"the key {words.show(key)} is given twice"
                hint = f"it is first given on line {first.line}, column {first.column}"
                self._complain(_position(key_node), message, hint)
                continue
            self.keys[*path, key] = _position(key_node)
            data[key] = self.value(value_node, (*path, key))
        return data

    def _key(self, node: yaml.nodes.Node, path: place.Path) -> str | None:
        where = _position(node)
        if not isinstance(node, yaml.nodes.ScalarNode):
            self._complain(where, "a key must be text", "write 'key: value'")
            return None
        text: str = node.value
        tag = str(node.tag).removeprefix(_TAG)
        if tag == "merge":
            message = "merge keys ('<<') are not read"
            self._complain(where, message, self.kind.shared)
            return None
        if tag in _KINDS:
            message = f"YAML reads the key {words.show(text)} {_KINDS[tag]}, not as text"
            self._complain(where, message, "put the key in quotes")
            self.broken.add((*path, text))
        elif tag != "str":
            self._tagged(node, path)
            return None
        elif control := _control(text):
            self._complain(where, f"the key holds {control}", filekind.LAB.visible)
            return None
        return text

    def _scalar(self, node: yaml.nodes.ScalarNode, path: place.Path) -> object:
        text: str = node.value
        tag = str(node.tag).removeprefix(_TAG)
        control = _control(text, self.kind.allowed)
        if tag == "str" and control:
            return self._break(path, f"the text holds {control}", self.kind.visible)
        if tag in _PLAIN and (plain := _PLAIN[tag](text)) is not None:
            return plain
        if tag == "null":
            self.places[path] = self.keys.get(path, self.places[path])
            name = words.show(path[-1]) if isinstance(path[-1], str) else "this entry"
            return self._break(path, f"{name} has no value", "write one, or remove it")
        if tag in _KINDS:
            shown = "this" if place.is_private(path) else words.show(text)
            message = f"YAML reads {shown} {_KINDS[tag]}, not as text"
            return self._break(path, message, _advice(tag))
        return self._tagged(node, path)

    def _tagged(self, node: yaml.nodes.Node, path: place.Path) -> Broken:
        tag = str(node.tag).replace(_TAG, "!!", 1)
        message = f"the tag {words.show(tag)} is not allowed here"
        self._complain(_position(node), message, "remove the word that begins with '!'")
        self.broken.add(path)
        return Broken()

    def _break(self, path: place.Path, message: str, hint: str) -> Broken:
        self._complain(self.places[path], message, hint)
        self.broken.add(path)
        return Broken()

    def _complain(self, where: place.Position, message: str, hint: str) -> None:
        self.problems.append(errors.Problem(self.file, where.line, where.column, message, hint))


def _advice(tag: str) -> str:
    if tag == "bool":
        return "put it in quotes if it is text; otherwise write true or false"
    return "put it in quotes if it is text; numbers are plain decimal, of up to 18 digits"


def _control(text: str, allowed: str = "") -> str:
    """Describe the first character that no value can hold, if there is one."""
    for character in _suspicious(text.translate(dict.fromkeys(map(ord, allowed)))):
        is_break = character in "\r\n" and not allowed
        return "a line break" if is_break else f"the character U+{ord(character):04X}"
    return ""


def _suspicious(text: str) -> Iterator[str]:
    # Controls, surrogates, format characters (among them those that reverse the reading
    # direction), and the line and paragraph separators.
    return (each for each in text if unicodedata.category(each) in {"Cc", "Cs", "Cf", "Zl", "Zp"})
