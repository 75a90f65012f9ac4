"""What labkit tells the calling shell."""

from __future__ import annotations

import inspect
import re

from labkit import errors
from labkit.reference import _markdown, _source

_INTRODUCTION = """
A run that fails says on stderr what happened and what to do about it, and ends with one of these.
[When something goes wrong](../how-to/when-something-goes-wrong.md) has a section for each.
"""


def meanings() -> dict[int, str]:
    """Return each code's meaning, from the docstring of `labkit.errors`."""
    text = " ".join(_source.words(errors).split()).partition("Exit codes: ")[2]
    return {int(code): what for code, what in re.findall(r"(\d+) ([^,.]+)[,.]", text)}


def page() -> str:
    """Return the page."""
    found = [
        each
        for each in vars(errors).values()
        if inspect.isclass(each) and issubclass(each, errors.LabError)
    ]
    rows = [
        (
            str(code.value),
            _markdown.word(code.name),
            meanings()[code],
            " ".join(_source.first(each) for each in found if each.exit_code is code),
        )
        for code in errors.ExitCode
    ]
    head = ("code", "name", "meaning", "errors that end so")
    return _markdown.page("Exit codes", _INTRODUCTION, _markdown.table(head, rows))
