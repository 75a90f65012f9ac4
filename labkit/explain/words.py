"""The fixed texts, in one data file a language."""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
import re
import textwrap
from typing import TYPE_CHECKING

import yaml

from labkit import errors, visible
from labkit.profiles import entry
from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH = 100
_KEPT = "\0"
"""Stands for a space at which no line may end, that is one inside code."""

FOLDER = pathlib.Path(__file__).with_name("texts")


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its places filled in, as lines of Markdown.

        Where words are not parted by spaces, a line break would show as one.
        """
        text = self.texts[key].format(**values).strip()
        if "\n" not in self.texts[key]:
            return text
        paragraphs = (re.split(r"\n(?=- )", each) for each in text.split("\n\n"))
        return "\n\n".join("\n".join(map(self._fill, items)) for items in paragraphs)

    def _fill(self, text: str) -> str:
        lines = [line.strip() for line in text.split("\n")]
        if not self.texts["space"]:
            return "".join(lines)
        whole = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", _KEPT), " ".join(lines))
        filled = textwrap.fill(
            whole,
            width=_WIDTH,
            subsequent_indent="  " if lines[0].startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        return filled.replace(_KEPT, " ")

    def all_of(self, names: Sequence[str]) -> str:
        """Join names as the language does: 'a, b and c'."""
        *others, last = names
        return f"{self.texts['comma'].join(others)}{self.texts['and']}{last}" if others else last


@functools.cache
def of(language: str, folder: pathlib.Path = FOLDER) -> Words:
    """Return the texts of a language, for example `en`, from a folder with a file for each."""
    text = (folder / f"{language}.yml").read_text(encoding="utf-8")
    return Words(language, yaml.safe_load(text))


def language(given: str) -> str:
    """Return the language that was asked for, else that of LAB_LANG, else English.

    Raises:
        errors.LabError: There are no texts in it.
    """
    name = given or os.environ.get("LAB_LANG", "") or "en"
    if name not in entry.LANGUAGES:
        raise errors.LabError(
            f"there is no language '{visible.line(name)}'",
            hint=f"languages are {words.one_of(entry.LANGUAGES, 'and')}",
        )
    return name
