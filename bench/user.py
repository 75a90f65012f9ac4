"""Programs as people run them: each a process of its own, labkit and what it is measured beside."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from labkit import child, errors

if TYPE_CHECKING:
    from collections.abc import Collection

REPOSITORY = pathlib.Path(__file__).parents[1]
_STDERR = 2
"""The descriptor of this process (stderr(3)), which goes on to what it starts."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    seconds: float
    status: int
    out: str
    """What it printed, with its complaints where those were not shown."""


def run(
    folder: pathlib.Path, *argv: str, quiet: bool = True, timeout: float | None = None
) -> Ended:
    """Run a program in a folder, whatever comes of it.

    An interrupt reaches it as Ctrl-C does in a terminal, and has some time to be obeyed: a labkit
    that is killed at once leaves behind what it was making.

    Args:
        folder: Where it runs.
        argv: Its name and its arguments.
        quiet: Keep its complaints, with what it prints, instead of showing them.
        timeout: Seconds after which it is ended.

    Raises:
        child.DeadlineError: It took longer.
    """
    start = time.monotonic()
    done = child.run(
        argv,
        cwd=folder,
        env={"PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.STDOUT if quiet else _STDERR,
        timeout=timeout,
    )
    return Ended(time.monotonic() - start, done.returncode, done.stdout)


def labkit(folder: pathlib.Path, *words: str, good: Collection[int] = (0,)) -> Ended:
    """Run labkit in a lab folder; what it tells while it works is shown.

    Raises:
        errors.LabError: It ended otherwise than well.
    """
    ended = run(folder, sys.executable, "-m", "labkit", *words, quiet=False)
    if ended.status not in good:
        raise errors.LabError(
            f"labkit {' '.join(words)} ended with {ended.status}", hint=ended.out.strip()
        )
    return ended
