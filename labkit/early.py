"""What is done before the slow imports: be ready for Ctrl-C, and claim the lab or be refused.

Most of a run's first half second is Python's imports, and many runs at once share the processors.
Here only what is certain is decided. Everything else goes the long way, where the lock is taken.
"""

from __future__ import annotations

import os
import pathlib
import re
import sys
from typing import TYPE_CHECKING

from labkit import claim, signals, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

HOLDING = frozenset(
    {"apply", "destroy", "evidence", "halt", "render", "reset", "snapshot", "start", "up", "verify"}
)
"""Tasks that hold the lab while they run."""
LOCKED = 3
"""As errors.ExitCode says."""
_LAB = re.compile(r"^lab: *([a-z][a-z0-9-]*) *(?:#.*)?$", re.MULTILINE)


def begin(words: Sequence[str]) -> None:
    """Begin a run; `words` are those of the command line after the program's name."""
    signals.early(claim.let_go)
    said = refusal(words)
    if said:
        sys.stderr.write(wording.typed(f"error: {said}\nhint: {claim.HINT}\n"))
        sys.exit(LOCKED)


def refusal(words: Sequence[str]) -> str | None:
    """Claim the lab for a task that holds one; return what to say when another run has it."""
    task = words[0].removeprefix("lab.") if words else ""
    if task not in HOLDING or {"-h", "--help", "--lab", "--check"} & {
        word.partition("=")[0] for word in words
    }:
        return None
    file = pathlib.Path(_file(words) or os.environ.get("LAB_FILE") or "lab.yml")
    if not file.is_file():  # a pipe would be waited for
        return None
    try:
        found = _LAB.search(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not found:
        return None
    return claim.early(file.absolute().parent / ".lab", found[1], f"lab.{task}")


def _file(words: Sequence[str]) -> str:
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == "--file":
            return after
        if word.startswith("--file="):
            return word.partition("=")[2]
    return ""
