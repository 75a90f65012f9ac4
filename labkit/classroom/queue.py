"""Work on the labs of many students, a few at a time, while the host has room for them.

Each lab is worked on by a labkit of its own: its lock, its log, its signals and its failures are
those of any lab, and nothing that happens to one reaches another.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil

import labkit
from labkit import child, errors, parallel, signals
from labkit.classroom import gate, reason
from labkit.secrets import env

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labkit import console
    from labkit.classroom import plan

_LINE = re.compile(r" *\d+\.\d s (.*)")
"""What a run tells where there is no terminal, after its clock."""
_POLL = 0.5
_OWN: tuple[str, ...] = (
    "LAB_FILE",
    "LAB_FORMAT",
    "LAB_ONLY",
    "LAB_PROVIDER",
    "LAB_TAGS",
    "LAB_SCRIPT",
)
"""Settings that are about the class, and would mean something else for one lab."""


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """What is to be done with one student's lab."""

    lab_file: pathlib.Path
    words: tuple[str, ...]
    """The task of the lab and its options."""
    need: gate.Need = gate.NOTHING


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended for one student."""

    code: int
    reason: str = ""
    """The first thing that was wrong; empty when nothing was."""
    document: Any = None
    """What the lab's task printed, where that was JSON."""
    seconds: float = 0.0


class Queue:
    """One run over a class."""

    def __init__(
        self, folder: pathlib.Path, progress: console.Progress, *, keep_going: bool = True
    ) -> None:
        """Begin with nothing under way.

        Args:
            folder: The class folder, on whose disk the labs are.
            progress: Told what happens.
            keep_going: Whether others are begun when one has failed.
        """
        self._folder, self._progress, self._keep_going = folder, progress, keep_going
        self._turn = threading.Lock()
        self._under_way: dict[str, gate.Need] = {}
        self._failed = False

    def run(
        self, students: Sequence[plan.Student], make: Callable[[plan.Student], Task], jobs: int
    ) -> dict[str, Outcome]:
        """Do each student's task; return how each ended, by the student's name.

        Args:
            students: In the order in which they get their turn.
            make: Brings a student's folder up to date and says what is to be done in it.
            jobs: How many are worked on at the same time.
        """
        with self._progress.watch():
            found = parallel.each(
                {student.name: student for student in students},
                lambda student: self._student(student, make),
                at_once=jobs,
            )
        return {name: _outcome(each) for name, each in found.items()}

    def _student(self, student: plan.Student, make: Callable[[plan.Student], Task]) -> Outcome:
        start = time.monotonic()
        name = student.name
        try:
            if self._failed and not self._keep_going:
                raise errors.LabError("not begun, since another one has failed")
            task = make(student)
            self._wait_for_room(name, task.need)
            self._progress.tell(name, "begins")
            try:
                outcome = self._work(name, task)
            finally:
                self._under_way.pop(name, None)
        except errors.LabError as error:
            outcome = Outcome(int(error.exit_code), error.message)
        outcome = dataclasses.replace(outcome, seconds=time.monotonic() - start)
        self._failed = self._failed or bool(outcome.code)
        said = f"failed: {outcome.reason}" if outcome.code else "done"
        self._progress.end(name, f"{said} (after {outcome.seconds:.0f} s)")
        return outcome

    def _wait_for_room(self, name: str, need: gate.Need) -> None:
        """Wait for the turn; who waits holds it, so that nobody passes.

        Raises:
            errors.LabError: The host has no room, and nothing is under way that could make some.
        """
        said = ""
        with self._turn:
            while True:
                signals.check()
                others = tuple(dict(self._under_way).values())
                verdict, why = gate.decide(_room(self._folder), need, others)
                if verdict is gate.Verdict.REFUSE:
                    raise errors.LabError(f"not begun: the host is full: it takes {why}")
                if verdict is gate.Verdict.BEGIN:
                    self._under_way[name] = need
                    return
                if not said:
                    said = why
                    self._progress.tell(name, f"waiting for {why}")
                time.sleep(_POLL)

    def _work(self, name: str, task: Task) -> Outcome:
        words = [sys.executable, "-m", "labkit", *task.words]
        words += ["--file", str(task.lab_file)]
        # The secrets go along, which this run has taken out of what its children inherit.
        environment = {**env.taken(), **dict.fromkeys(_OWN, "")}
        # The very labkit that runs here, wherever it lies.
        package = str(pathlib.Path(labkit.__file__).parents[1])
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, (package, os.environ.get("PYTHONPATH")))
        )
        lines = _Lines(lambda text: self._progress.show(name, text))
        with lines as stderr:
            done = child.run(words, cwd=task.lab_file.parent, env=environment, stderr=stderr)
        return _read(done.returncode, done.stdout, lines.complaint)


class _Lines:
    """A pipe for what a run tells: its last lines are shown as they come."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._all: list[str] = []

    def __enter__(self) -> int:
        reading, self._writing = os.pipe()
        self._thread = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._thread.start()
        return self._writing

    def __exit__(self, *_: object) -> None:
        os.close(self._writing)
        self._thread.join(timeout=5.0)  # a machine that was started may have kept the pipe

    def _read(self, reading: int) -> None:
        with open(reading, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                found = _LINE.match(line)
                if found:
                    self._heard(found[1])
                else:
                    self._all.append(line.rstrip("\n"))

    @property
    def complaint(self) -> str:
        """The first expected failure that was told, else whatever came last."""
        for line in self._all:
            if line.startswith("error: "):
                return line.removeprefix("error: ")
        return next((line for line in reversed(self._all) if line.strip()), "")


def _read(code: int, out: str, complaint: str) -> Outcome:
    try:
        document = json.loads(out)
    except ValueError:
        document = None
    if code == 0:
        return Outcome(0, "", document)
    said = reason.first(document) or complaint or f"its task ended with status {code}"
    return Outcome(code, said, document)


def _outcome(found: Outcome | Exception) -> Outcome:
    if isinstance(found, Exception):
        raise found
    return found


def _room(folder: pathlib.Path) -> gate.Room:
    load = psutil.getloadavg()[0] / (psutil.cpu_count() or 1)
    free = shutil.disk_usage(folder).free >> 20
    return gate.Room(psutil.virtual_memory().available >> 20, free, load)


def worst(outcomes: Mapping[str, Outcome]) -> errors.ExitCode:
    """Return the exit code of the first student whose lab failed."""
    for each in outcomes.values():
        if each.code:
            known = {int(code) for code in errors.ExitCode}
            return errors.ExitCode(each.code if each.code in known else 1)
    return errors.ExitCode.YES
