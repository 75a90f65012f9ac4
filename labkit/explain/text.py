"""The commands for a terminal: what is not a command is a comment, so that all can be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich.markup

from labkit import visible
from labkit.explain import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.explain import model


def render(explanation: model.Explanation) -> Iterator[str]:
    """Yield lines with rich's markup."""
    say = words.of(explanation.language)
    yield _heading(say("text_title", lab=explanation.lab.name))
    for stand_in in explanation.stand_ins:
        yield _comment(say("text_key", stand_in=stand_in))
    for chapter in explanation.chapters:
        yield ""
        where = _where(say, explanation, chapter.machines)
        yield _heading(f"{chapter.title} ({chapter.profile}.yml): {where}")
        for step in chapter.steps:
            yield ""
            yield _comment(step.reason)
            for variant in step.variants:
                if variant.machines != chapter.machines:
                    yield _comment(_where(say, explanation, variant.machines))
                yield from (rich.markup.escape(visible.whole(each)) for each in variant.commands)


def _where(say: words.Words, explanation: model.Explanation, machines: tuple[str, ...]) -> str:
    if machines == explanation.names and len(machines) > 1:
        return say("on_all")
    return say("on", machines=say.all_of(machines))


def _heading(text: str) -> str:
    return f"[bold]# === {_safe(text)} ===[/]"


def _comment(text: str) -> str:
    return f"[cyan]# {_safe(' '.join(text.split()))}[/]"


def _safe(text: str) -> str:
    return rich.markup.escape(visible.line(text))
