"""`lab.explain`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from labkit import console, errors, visible
from labkit.explain import json, markdown, script, text, words
from labkit.lifecycle import explain as explaining
from labkit.spec import words as spec_words
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context

_FORMATS = ("text", "markdown", "json", "sh")


@base.task(
    "machine",
    optional=("machine",),
    machine="one machine; without it all of them",
    format="text, markdown (a tutorial), json, or sh (a script for one machine's root)",
    lang="en or ja (LAB_LANG)",
)
def explain(
    _: invoke.context.Context,
    machine: str,
    file: str = "",
    provider: str = "",
    format: str = "",
    lang: str = "",
) -> None:
    """Show what a person would type to get there, in order, with reasons; touches nothing."""
    form = _format(format)
    language = words.language(lang)
    opened = base.open_lab(file, provider)
    machines = opened.choose([machine] if machine else base.chosen([]))
    if form == "sh" and len(machines) != 1:
        raise errors.LabError(
            f"a script is for one machine, and lab '{opened.lab.name}' has {len(machines)}",
            hint="name it: 'lab.explain MACHINE --format sh'",
        )
    # A tutorial is for people without labkit, and so without its keys.
    explanation = explaining.explain(opened, machines, language, own_keys=form != "markdown")
    match form:
        case "markdown":
            print(visible.whole(markdown.render(explanation)), end="")
        case "json":
            print(json.render(explanation))
        case "sh":
            print(script.render(explanation), end="")
        case _:
            for line in text.render(explanation):
                console.out.print(line, soft_wrap=True)


def _format(given: str) -> str:
    """Return the format; LAB_FORMAT is also for tasks that have tables, which stand for text here.

    Raises:
        errors.LabError: There is no such format.
    """
    name = given or os.environ.get("LAB_FORMAT", "").replace("table", "text") or "text"
    if name not in _FORMATS:
        raise errors.LabError(
            f"there is no format '{visible.line(name)}'",
            hint=f"formats are {spec_words.one_of(_FORMATS, 'and')}",
        )
    return name
