"""Whether a text is one YAML document of a sensible size, decided without building anything.

The parser's events are read one by one, so that a text that would expand to gigabytes (aliases
nested in aliases) or overflow the stack (thousands of brackets) is refused after a few of them.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, NoReturn

import yaml
import yaml.events

from labkit import errors
from labkit.spec import filekind, place, words

if TYPE_CHECKING:
    from collections.abc import Iterator

LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it; both say the same here."""

MAX_NODES = 20_000
"""Values in a file, each alias counted as often as it is used."""

MAX_CHARACTERS = 2 * 1024 * 1024
"""Characters of all values together, each alias counted as often as it is used."""

MAX_DEPTH = 50
"""Lists and mappings inside one another."""

# What YAML 1.1 section 5.1 does not call printable, the line breaks that editors do not count, and
# the marks with which a line shows in another order than it is read (UAX 9), also in comments.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Sentence:
    """What is said for the parser errors that match a pattern."""

    pattern: str
    message: str
    hint: str
    at_start: bool = False
    """Whether the place is where the broken construct begins, not where it was noticed."""


# libyaml and PyYAML word the same fault differently; these sentences are the same for both.
_SENTENCES = (
    _Sentence(
        "mapping values are not allowed",
        "a ':' cannot stand here",
        "is the line indented as its neighbours are? a text with ': ' inside needs quotes",
    ),
    _Sentence(
        "unexpected end of stream",
        "the quote that opens here is never closed",
        "close the quote at the end of the text",
        at_start=True,
    ),
    _Sentence(
        "could not find expected ':'",
        "this line is not 'key: value'",
        "is there a ':' and a space after the key?",
        at_start=True,
    ),
    _Sentence(
        "expected ',' or '\\]'",
        "the list that opens here is not closed",
        "separate its entries with ',' and close it with ']'",
        at_start=True,
    ),
    _Sentence(
        "expected ',' or '}'",
        "the mapping that opens here is not closed",
        "separate its entries with ',' and close it with '}'",
        at_start=True,
    ),
    _Sentence(
        "did not find expected key|'-' indicator|<block end>",
        "this does not fit what stands before it",
        "is the line indented as its neighbours are? is text before it quoted in part?",
    ),
    _Sentence(
        "cannot start any token",
        "a value cannot begin with this character",
        "quote the value",
    ),
    _Sentence(
        "unknown escape character|escape code|expected escape sequence",
        "the text in double quotes holds an unknown escape",
        "use single quotes, in which '\\' means itself",
        at_start=True,
    ),
    _Sentence(
        "node content",
        "a value is missing here",
        "is a bracket left open, or one too many?",
    ),
    _Sentence(
        "undefined tag handle",
        "the tag is not known",
        "remove the word that begins with '!'",
    ),
    _Sentence(
        "<document start>|incompatible YAML document",
        "this is not a YAML 1.1 document",
        "remove lines that begin with '...' or '%'",
    ),
)
_TAB = _Sentence("", "a tab cannot indent a line", "indent with spaces")
_OTHERWISE = _Sentence(
    "", "this is not valid YAML", "compare the line with the reference's example"
)


def check(text: str, file: str, kind: filekind.FileKind = filekind.LAB) -> None:
    """Refuse a text that is not one YAML document of a sensible size.

    Raises:
        errors.FileError: With the one problem that stops the reading.
    """
    guard = _Guard(file, kind)
    if found := _UNPRINTABLE.search(text):
        guard.position = place.Position.in_text(text, found.start())
        guard.refuse(
            f"the file holds the character U+{ord(found.group()):04X}",
            "remove it: it means nothing here, and may be invisible in an editor",
        )
    try:
        for event in _events(text):
            guard.take(event)
    except yaml.MarkedYAMLError as error:
        sentence = _sentence(error, text)
        mark = (sentence.at_start and error.context_mark) or error.problem_mark
        if mark is not None:
            # At the end of a text without a line break, libyaml counts one more line.
            end = place.Position.in_text(text, len(text))
            guard.position = min(end, place.Position(mark.line + 1, mark.column + 1))
        guard.refuse(sentence.message, sentence.hint)
    except (yaml.YAMLError, ValueError, OverflowError):
        # SafeLoader passes on what chr() raises for an escape such as \UFFFFFFFF.
        guard.refuse(_OTHERWISE.message, _OTHERWISE.hint)
    if guard.total == 0:
        guard.position = place.START
        guard.refuse(kind.empty, kind.begin)


def _sentence(error: yaml.MarkedYAMLError, text: str) -> _Sentence:
    """Return what to say for a parser's error."""
    mark = error.problem_mark
    # libyaml does not always name the character that it stumbles over.
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        return _TAB
    found = (each for each in _SENTENCES if re.search(each.pattern, error.problem or ""))
    return next(found, _OTHERWISE)


def _events(text: str) -> Iterator[yaml.events.Event]:
    yield from yaml.parse(text, Loader=LOADER)


@dataclasses.dataclass(frozen=True, slots=True)
class _Size:
    """How much a value expands to."""

    values: int
    height: int
    """Lists and mappings inside one another, itself included."""
    characters: int


@dataclasses.dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been seen."""

    anchor: str | None
    total_before: int
    characters_before: int
    depth: int
    deepest: int


@dataclasses.dataclass(slots=True)
class _Guard:
    """Counts what a document would expand to."""

    file: str
    kind: filekind.FileKind
    total: int = 0
    characters: int = 0
    documents: int = 0
    position: place.Position = place.START
    stack: list[_Open] = dataclasses.field(default_factory=list[_Open])
    anchors: dict[str, _Size] = dataclasses.field(default_factory=dict[str, _Size])
    """What each finished anchor stands for."""
    begun: dict[str, place.Position] = dataclasses.field(default_factory=dict[str, place.Position])
    """Where each anchor is, finished or not."""

    def refuse(self, message: str, hint: str) -> NoReturn:
        """Stop with a problem at the current position."""
        line, column = self.position.line, self.position.column
        raise errors.FileError([errors.Problem(self.file, line, column, message, hint)]) from None

    def take(self, event: yaml.events.Event) -> None:
        """Count one event of the parser."""
        if mark := event.start_mark:
            self.position = place.Position(mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.events.NodeEvent) and not isinstance(
            event, yaml.events.AliasEvent
        ):
            self._anchor(event.anchor or "")
        match event:
            case yaml.events.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    self.refuse("a second YAML document begins here", self.kind.alone)
            case yaml.events.AliasEvent():
                self._alias(event.anchor or "")
            case yaml.events.ScalarEvent():
                size = _Size(1, 0, len(event.value))
                self._add(size)
                if event.anchor:
                    self.anchors[event.anchor] = size
            case yaml.events.CollectionStartEvent():
                before = self.total, self.characters
                self._add(_Size(1, 1, 0))
                depth = len(self.stack) + 1
                self.stack.append(_Open(event.anchor, *before, depth, depth))
            case yaml.events.CollectionEndEvent():
                self._close()
            case _:
                pass

    def _add(self, size: _Size) -> None:
        self.total += size.values
        self.characters += size.characters
        if self.total > MAX_NODES:
            self.refuse(
                f"the file expands to more than {MAX_NODES:,} values",
                "are aliases ('*name') nested in one another?",
            )
        if self.characters > MAX_CHARACTERS:
            self.refuse(
                f"the file expands to more than {MAX_CHARACTERS:,} characters",
                "are aliases ('*name') of a long text used many times?",
            )
        deepest = len(self.stack) + size.height
        if deepest > MAX_DEPTH:
            self.refuse(
                f"lists and mappings are nested more than {MAX_DEPTH} deep",
                f"a {self.kind.thing} needs no more than five levels",
            )
        if self.stack:
            self.stack[-1].deepest = max(self.stack[-1].deepest, deepest)

    def _anchor(self, name: str) -> None:
        if first := self.begun.get(name):
            self.refuse(
                f"the anchor {words.show('&' + name)} is given twice",
                f"it is first given on line {first.line}, column {first.column}",
            )
        if name:
            self.begun[name] = self.position

    def _alias(self, name: str) -> None:
        if any(each.anchor == name for each in self.stack):
            self.refuse(f"the alias {words.show('*' + name)} holds itself", "write the values out")
        if name not in self.anchors:
            self.refuse(
                f"the alias {words.show('*' + name)} has no anchor before it",
                "quote a text that begins with '*'",
            )
        self._add(self.anchors[name])

    def _close(self) -> None:
        done = self.stack.pop()
        if self.stack:
            self.stack[-1].deepest = max(self.stack[-1].deepest, done.deepest)
        if done.anchor:
            self.anchors[done.anchor] = _Size(
                self.total - done.total_before,
                done.deepest - done.depth + 1,
                self.characters - done.characters_before,
            )
