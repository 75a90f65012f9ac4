"""What is not as wanted inside machines, or what was changed there: for people and for programs."""

from __future__ import annotations

import difflib
import itertools
from typing import TYPE_CHECKING

import rich.markup

from labkit import console, errors, visible
from labkit.operations import base

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labkit.converge import look as looks

_LINES = 40
"""Lines of one file's difference that are shown."""
_HIDDEN = "(not shown: they hold a secret)"


def render(
    found: Mapping[str, Sequence[looks.Look] | Exception],
    *,
    verb: str,
    nothing: str,
    commands: bool = False,
) -> Iterator[str]:
    """Yield what is to be printed: a part a machine, in it each step with its differences.

    Args:
        found: What each machine showed; only what is not as wanted is printed.
        verb: Between a count of things and their list, for example `would change`.
        nothing: Said of a machine where there is nothing.
        commands: Whether the shell lines are shown too.
    """
    for name, seen in found.items():
        head = f"[bold]{rich.markup.escape(name)}[/]"
        if isinstance(seen, Exception):
            yield f"{head}: [red]{_safe(_message(seen))}[/]"
            continue
        differing = [each for each in seen if not each.ok]
        count = sum(max(1, len(each.changes)) for each in differing)
        yield f"{head}: {count} {verb}" if differing else f"{head}: {nothing}"
        for look in differing:
            yield from _step(look, commands=commands)


def _message(error: Exception) -> str:
    if isinstance(error, errors.LabError) and error.hint:
        return f"{error.message} (hint: {console.wording(error.hint)})"
    return str(error) or type(error).__name__


def _step(look: looks.Look, *, commands: bool) -> Iterator[str]:
    step = look.step
    yield f"  [dim]{_safe(step.origin)}[/] {step.kind}: {_safe(step.why)}"
    if look.error is not None:
        yield f"    cannot be told yet: {_safe(_message(look.error))}"
    for change in look.changes:
        yield from (f"    {line}" for line in _change(change))
        if commands:
            lines = (_HIDDEN,) if base.holds_secret(step.operation) else change.commands
            shown = itertools.chain.from_iterable(line.split("\n") for line in lines)
            yield from (f"      [cyan]$ {_safe(line)}[/]" for line in shown)


def _change(change: base.Change) -> Iterator[str]:
    after = " (at the next boot)" if change.reboot else ""
    if "\n" not in f"{change.before}{change.after}".strip():
        before = _safe(change.before) or "(nothing)"
        yield f"{_safe(change.subject)}: [red]{before}[/] -> [green]{_safe(change.after)}[/]{after}"
        return
    yield f"{_safe(change.subject)}{after}"
    both = difflib.unified_diff(
        change.before.splitlines(), change.after.splitlines(), lineterm="", n=1
    )
    lines = list(itertools.islice(both, 2, None))  # without the names of files
    colours = {"-": "red", "+": "green", "@": "dim"}
    for line in lines[:_LINES]:
        colour = colours.get(line[:1], "default")
        yield f"  [{colour}]{_safe(line)}[/]"
    if len(lines) > _LINES:
        yield f"  ... and {len(lines) - _LINES} lines more"


def document(
    found: Mapping[str, Sequence[looks.Look] | Exception],
) -> dict[str, dict[str, object]]:
    """Return the same as plain data, by machine."""
    return {name: _machine(seen) for name, seen in found.items()}


def _machine(seen: Sequence[looks.Look] | Exception) -> dict[str, object]:
    if isinstance(seen, Exception):
        hint = seen.hint if isinstance(seen, errors.LabError) else ""
        return {"error": str(seen), "hint": hint}
    return {"steps": [_step_document(look) for look in seen if not look.ok]}


def _step_document(look: looks.Look) -> dict[str, object]:
    hidden = base.holds_secret(look.step.operation)
    changes = [
        {
            "subject": change.subject,
            "before": change.before,
            "after": change.after,
            "reboot": change.reboot,
            "commands": None if hidden else list(change.commands),
        }
        for change in look.changes
    ]
    error = None if look.error is None else look.error.message
    step = look.step
    head = {"kind": step.kind, "why": step.why, "origin": step.origin, "tags": list(step.tags)}
    return {**head, "changes": changes, "error": error}


def _safe(text: str) -> str:
    return rich.markup.escape(visible.line(text))
