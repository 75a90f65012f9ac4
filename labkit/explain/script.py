"""The commands for one machine as a script for its root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import visible
from labkit.explain import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.explain import model

_REBOOT = "reboot"


def render(explanation: model.Explanation) -> str:
    """Return shell text that stops at the first command which fails.

    It is read to its end before anything in it runs, and its commands cannot read what follows
    them. A reboot that a step asks for comes last.
    """
    (machine,) = explanation.names
    say = words.of(explanation.language)
    lines = ["#!/bin/sh", _comment(say("script_title", machine=machine, lab=explanation.lab.name))]
    if explanation.stand_ins:
        lines += [_comment(say("script_keys"))]
    lines += ["set -eu", "", "main() {", *_steps(explanation), "}", "", "main < /dev/null"]
    if _asks_for_reboot(explanation):
        lines.append(_REBOOT)
    return "".join(f"{line}\n" for line in lines)


def _steps(explanation: model.Explanation) -> Iterator[str]:
    yield ":"
    for chapter in explanation.chapters:
        for step in chapter.steps:
            yield ""
            yield _comment(step.reason)
            for variant in step.variants:
                yield from (command for command in variant.commands if command != _REBOOT)


def _asks_for_reboot(explanation: model.Explanation) -> bool:
    return any(
        _REBOOT in variant.commands
        for chapter in explanation.chapters
        for step in chapter.steps
        for variant in step.variants
    )


def _comment(text: str) -> str:
    return f"# {visible.line(' '.join(text.split()))}"
