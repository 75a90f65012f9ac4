"""Control groups of a benchmark's own, in which systemd(1) finds what it needs (cgroups(7))."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

TOP = pathlib.Path("/sys/fs/cgroup")
MEMBERS = "cgroup.procs"
_WAIT = 30.0


@contextlib.contextmanager
def own() -> Generator[None]:
    """Put this process and those that it starts into groups that go when the block has ended."""
    before = _here()
    made = [each / f"labkit-bench-{os.getpid()}" for each in before]
    try:
        for each in made:
            each.mkdir()
            (each / MEMBERS).write_text(str(os.getpid()))
        yield
    finally:
        for old, each in zip(before, made, strict=True):
            (old / MEMBERS).write_text(str(os.getpid()))
            _remove(each)


def make(name: str) -> list[pathlib.Path]:
    """Make groups of a name inside those of this process."""
    made = [each / name for each in _here()]
    for each in made:
        each.mkdir()
    return made


def _here() -> list[pathlib.Path]:
    """Return the groups of this process, of version 2 and of systemd's own hierarchy beside it."""
    found: list[pathlib.Path] = []
    for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        number, kind, path = line.split(":", 2)
        folder = "unified" if (TOP / "unified").is_dir() else "."
        if kind == "name=systemd":
            found.append(TOP / "systemd" / path.lstrip("/"))
        elif number == "0":
            found.append(TOP / folder / path.lstrip("/"))
    return found


def _remove(group: pathlib.Path) -> None:
    """Remove a group and those in it, as soon as the last process has left them."""
    deadline = time.monotonic() + _WAIT
    for path in (*sorted(group.rglob("*/"), reverse=True), group):
        while path.exists():
            try:
                path.rmdir()
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
