"""Run one labkit task with a fault in it: `python driver.py FAULT task words...`.

FAULT is a JSON object. Product code knows nothing of it: what is patched is patched here.

- `kill`: [write, moment]: SIGKILL this very process at a write, counted from 0; the moments are
  before it, between the temporary file and the rename, and after it
- `fail`: [write, "full" | "denied"]: make the disk refuse that write
- `only`: count the writes of files with this name alone
- `old`: a file that gets what was there before the refused write
- `note`: a file that gets a line for each write
- `wait`: a file; while it exists, whoever holds the lab goes no further
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, NoReturn

from labkit import __main__ as program
from labkit import early

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from labkit.converge import script
    from labkit.plan import model

MOMENTS = ("before", "torn", "after")


class Writes:
    """Counts the writes of the workspace, and lets the wanted fault happen at one of them."""

    def __init__(self, fault: dict[str, Any], write: Callable[..., None]) -> None:
        self._kill, self._moment = fault.get("kill") or (-1, "")
        self._fail, self._how = fault.get("fail") or (-1, "")
        self._only, self._note = fault.get("only", ""), fault.get("note", "")
        self._old = pathlib.Path(fault.get("old", ""))
        self._write, self._sync = write, os.fsync
        self._count = 0
        self._lock = threading.Lock()
        self._torn = threading.local()

    def __call__(self, path: pathlib.Path, text: str, *, mode: int = 0o600) -> None:
        if self._only and path.name != self._only:
            self._write(path, text, mode=mode)
            return
        with self._lock:
            number, self._count = self._count, self._count + 1
        if self._note:
            with pathlib.Path(self._note).open("a", encoding="utf-8") as note:
                note.write(f"{path.name}\n")
        if number == self._fail:
            there = path.read_text(encoding="utf-8") if path.exists() else None
            old = json.dumps({"path": str(path), "text": there})
            self._old.write_text(old, encoding="utf-8")
            refuse(path.parent, self._how)
        self._moment_of(number, "before")
        self._torn.now = number == self._kill and self._moment == "torn"
        self._write(path, text, mode=mode)
        self._moment_of(number, "after")

    def sync(self, descriptor: int) -> None:
        """Between what is written and its rename there is fsync(2)."""
        self._sync(descriptor)
        if getattr(self._torn, "now", False):
            die()

    def _moment_of(self, number: int, moment: str) -> None:
        if (number, moment) == (self._kill, self._moment):
            die()


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def refuse(folder: pathlib.Path, how: str) -> None:
    """Really fill the disk, or really take the right to write away."""
    if how == "denied":
        folder.chmod(0o500)
        return
    ballast = pathlib.Path(os.environ["FAULT_DISK"]) / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue


def waiting(hold: Callable[..., Any], path: pathlib.Path) -> Callable[..., Any]:
    """Let the holder of the lab wait for the others."""

    @contextlib.contextmanager
    def patched(*args: object) -> Generator[None]:
        with hold(*args):
            while path.exists():
                time.sleep(0.01)
            yield

    return patched


def patch(fault: dict[str, Any]) -> None:
    """Put the faults in, once labkit has decided to run at all: what is slow is imported here."""
    from labkit import workspace  # noqa: PLC0415 - see above
    from labkit.workspace import files, lock  # noqa: PLC0415

    writes = Writes(fault, files.write)
    files.write = workspace.write = writes
    os.fsync = writes.sync
    if "wait" in fault:
        lock.hold = waiting(lock.hold, pathlib.Path(fault["wait"]))


def answering() -> None:
    """Let one check ask what a machine without a distribution can answer: its name."""
    from labkit import checks  # noqa: PLC0415 - see above
    from labkit.checks import base  # noqa: PLC0415

    class Answers(base.Check):
        """The machine runs what it is told to."""

        def probe(self, lab: model.Lab, machine: model.Machine) -> str:
            del lab, machine
            return "hostname"

        def read(
            self, lab: model.Lab, machine: model.Machine, answer: script.Answer
        ) -> Iterator[base.Seen]:
            del lab
            yield base.equal("its name", machine.name, answer.output.strip())

    # By the name of a check that `reset` looks at too, since memory alone does not show it.
    checks.every = lambda: {"reach": Answers()}


def main() -> None:
    fault: dict[str, Any] = json.loads(sys.argv[1])
    sys.argv = ["labkit", *sys.argv[2:]]
    begin = early.begin

    def begun(words: Sequence[str]) -> None:
        begin(words)
        patch(fault)
        answering()

    early.begin = begun
    program.main()


if __name__ == "__main__":
    main()
