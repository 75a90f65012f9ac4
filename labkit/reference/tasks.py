"""The tasks with their options."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

import invoke.collection
from invoke.parser import context as parser

from labkit import tasks
from labkit.reference import _markdown, _source
from labkit.tasks import develop, optional

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION = """
The same tasks have three spellings: `labkit up` in any lab folder, and `./lab up` or
`invoke lab.up` in labkit's own repository. Options may stand in any order.
[Environment variables](environment.md) set the options of every run,
[exit codes](exit-codes.md) say how a run ended.
"""
_VALUES = {str: "TEXT", int: "NUMBER", list: "TEXT"}


def collections() -> dict[str, invoke.collection.Collection]:
    """Return the tasks' collections by the words that stand before their names."""
    own = invoke.collection.Collection(develop.check, develop.test, develop.bench)
    return {
        "": tasks.lab(),
        "class.": tasks.classroom(),
        "image.": tasks.image(),
        "./lab ": own,
    }


def context(name: str, task: Any) -> parser.ParserContext:  # noqa: ANN401 - Invoke's Task[...]
    """Return what Invoke parses a task's command line by."""
    fresh = copy.copy(task)
    fresh.help = dict(task.help)  # Invoke empties it when it is asked for the arguments
    return parser.ParserContext(name=name, args=fresh.get_arguments())


def page() -> str:
    """Return the page."""
    parts = [_INTRODUCTION, "## A lab's tasks", *_section("", "labkit ")]
    parts += ["## Tasks of a class", *_section("class.", "labkit class.")]
    parts += ["## Tasks of images", *_section("image.", "labkit image.")]
    parts += ["## Tasks of labkit's own repository", *_section("./lab ", "./lab ")]
    return _markdown.page("Tasks", *parts)


def _section(key: str, before: str) -> Iterator[str]:
    collection = collections()[key]
    # Invoke's Task is generic, but its own signatures leave the parameter out.
    found = cast("dict[str, Any]", collection.tasks)  # pyright: ignore[reportUnknownMemberType]
    for name in sorted(found):
        yield from _task(f"{before}{name}", found[name])


def _task(name: str, task: Any) -> Iterator[str]:  # noqa: ANN401 - see above
    arguments = dict(cast("Any", context(name, task)).flags)
    given = "".join(f" {_given(each)}" for each in arguments.values() if _is_given(each))
    yield f"### {name}"
    yield _source.words(task)
    yield _markdown.code(f"{name}{given}{' [OPTIONS]' if arguments else ''}", "text")
    rows = [_option(flag, argument) for flag, argument in arguments.items()]
    if rows:
        yield _markdown.table(("option", "default", "meaning"), rows)


def _given(argument: Any) -> str:  # noqa: ANN401 - Invoke's own
    name = argument.name.upper()
    return f"[{name}]" if isinstance(argument, optional.Spare) else name


def _is_given(argument: Any) -> bool:  # noqa: ANN401 - Invoke's own
    """Say whether a value may stand alone: Invoke fills in only those that it cannot do without."""
    return bool(argument.positional) and argument.default is None


def _option(flag: str, argument: Any) -> tuple[str, str, str]:  # noqa: ANN401 - Invoke's own
    value = _VALUES.get(argument.kind, "")
    shown = f"{flag}={value}" if value else flag
    if _is_given(argument):
        shown = f"{argument.name.upper()} or {shown}"
    default = "" if argument.kind is list or not argument.default else str(argument.default)
    return _markdown.word(shown), default, argument.help or ""
