"""The one tree of expected failures: each is a sentence, a hint and an exit code.

Exit codes: 0 yes, 1 the answer is no, 2 could not run, 3 locked by another run,
4 a machine did not answer, 5 something of ours was left behind, 130 interrupted.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class ExitCode(enum.IntEnum):
    """What labkit tells the calling shell."""

    YES = 0
    NO = 1
    COULD_NOT_RUN = 2
    LOCKED = 3
    UNREACHABLE = 4
    LEFTOVERS = 5
    INTERRUPTED = 130


class LabError(Exception):
    """An expected failure: what happened and where, with a hint what to do."""

    exit_code = ExitCode.COULD_NOT_RUN

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the sentence and the hint apart, so that each report can lay them out."""
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of a file, where it is, and what to do about it. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Render as editors and compilers do, so that a click opens the place."""
        text = f"{self.file}:{self.line}:{self.column}: {self.message}"
        return f"{text}\n    hint: {self.hint}" if self.hint else text


class FileError(LabError):
    """A file that a person wrote is wrong; carries every problem found in it at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Sort by place: people fix a file from the top."""
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ProviderError(LabError):
    """The provider could not do what was asked."""


class LockedError(LabError):
    """Another run holds the lab."""

    exit_code = ExitCode.LOCKED


class UnreachableError(LabError):
    """A machine did not answer in time, or answered with the wrong host key."""

    exit_code = ExitCode.UNREACHABLE


class ConvergeError(LabError):
    """A machine did not become what the lab says."""

    exit_code = ExitCode.NO


class LeftoverError(LabError):
    """Something of ours could not be removed."""

    exit_code = ExitCode.LEFTOVERS
