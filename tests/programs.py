"""Programs that are not there: each answers what a test has announced, and nothing else."""

from __future__ import annotations

import collections
import dataclasses
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True)
class Answer:
    out: str
    err: str
    status: int
    error: Exception | None


class Programs:
    """Stands for `child.run`: an argv that was not announced fails the test."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, ...], collections.deque[Answer]] = {}
        self.ran: list[list[str]] = []
        """What was run, in order."""
        self.environments: list[Mapping[str, str]] = []
        self.folders: list[pathlib.Path | None] = []
        self.timeouts: list[float | None] = []
        self.installed: set[str] = set()

    def expect(
        self,
        *words: str,
        out: str = "",
        err: str = "",
        status: int = 0,
        error: Exception | None = None,
    ) -> None:
        """Announce an argv and its answer; of several for one argv, the last one stays."""
        self.installed.add(words[0])
        answers = self._answers.setdefault(words, collections.deque())
        answers.append(Answer(out, err, status, error))

    def replace(self, *words: str, out: str = "", err: str = "", status: int = 0) -> None:
        """Announce another answer than the one before."""
        self._answers.pop(words, None)
        self.expect(*words, out=out, err=err, status=status)

    def forget(self) -> None:
        """Take back all that was announced, and forget what was run."""
        self._answers.clear()
        self.ran.clear()

    def find(self, program: str, **_: object) -> str | None:
        """Stand for `shutil.which`."""
        return f"/usr/bin/{program}" if program in self.installed else None

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: pathlib.Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: object,
    ) -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in argv]
        answers = self._answers.get(tuple(words))
        if answers is None:
            raise AssertionError(f"not announced: {words}")
        self.ran.append(words)
        self.environments.append(env or {})
        self.folders.append(cwd)
        self.timeouts.append(timeout)
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if answer.error:
            raise answer.error
        return subprocess.CompletedProcess(words, answer.status, answer.out, answer.err)
