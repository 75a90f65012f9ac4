"""What Vagrant's complaints mean. Pure; the knowledge is in troubles.yml."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import re
from typing import TYPE_CHECKING

import pydantic
import yaml

from labkit import errors, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

KNOWN = pathlib.Path(__file__).with_name("troubles.yml")
_TAIL = 600
"""Characters of a complaint that nobody knows; the end says most."""
_UNKNOWN_HINT = "the last line above is its own; the full command is in the log"


class TransientError(errors.ProviderError):
    """What goes away by itself, so that a second try is worth its time."""


@pydantic.with_config(extra="forbid")
@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """One complaint that is known."""

    match: str
    """A regular expression of what Vagrant prints, its line breaks and blanks one blank each; its
    named groups fill the sentence."""
    message: str
    hint: str
    transient: bool = False
    source: str = ""
    """Where it is described."""


@functools.cache
def known() -> tuple[Trouble, ...]:
    """Read the file; the first trouble that matches counts."""
    read = pydantic.TypeAdapter(tuple[Trouble, ...])
    return read.validate_python(tuple(yaml.safe_load(KNOWN.read_text(encoding="utf-8"))))


def first(text: str) -> Trouble | None:
    """Return the first trouble that matches a complaint whose blanks are one each."""
    return next((each for each in known() if re.search(each.match, text)), None)


def explain(
    words: Sequence[str], status: int, said: str, program: str = "vagrant"
) -> errors.ProviderError:
    """Return the error for a Vagrant that failed, or for a program that it would run.

    Args:
        words: Its arguments.
        status: Its exit status.
        said: What it printed, best of all on standard error.
        program: Its name.
    """
    text = " ".join(visible.whole(said).split())
    trouble = first(text)
    if trouble:
        found = re.search(trouble.match, text)
        groups = found.groupdict(default="") if found else {}
        kind = TransientError if trouble.transient else errors.ProviderError
        return kind(trouble.message.format(**groups), hint=trouble.hint)
    end = text if len(text) <= _TAIL else f"...{text[-_TAIL:]}"
    what = f"'{program} {' '.join(words)}' ended with status {status}"
    return errors.ProviderError(f"{what}: {end}" if end else what, hint=_UNKNOWN_HINT)
