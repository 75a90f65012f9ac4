"""Run the programs that build an image: output into a log, nothing left running behind."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Protocol

from labkit import child, errors, shell, system

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

TAIL = 12
"""Lines of the log that an error shows."""


class Runner(Protocol):
    """What a builder runs programs with."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        stdout: pathlib.Path | None = None,
        stderr: pathlib.Path | None = None,
    ) -> None:
        """Run one program to its end.

        Raises:
            LabError: It failed.
        """
        ...


def as_root(argv: Sequence[str]) -> list[str]:
    """Return a command that sees itself as root and may own files as anybody.

    An ordinary user gets that in a user namespace with the sub-ids of /etc/subuid, see
    unshare(1) and subuid(5); nothing outside the namespace gains a privilege.
    """
    if system.is_root():
        return list(argv)
    return ["unshare", "--map-auto", "--map-root-user", "--", *argv]


class Logged:
    """A Runner that writes every command and its output into one log file."""

    def __init__(self, log: pathlib.Path) -> None:
        """Start the log anew."""
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")

    def __call__(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        stdout: pathlib.Path | None = None,
        stderr: pathlib.Path | None = None,
    ) -> None:
        """Run one program to its end.

        mmdebstrap heeds signals only once its current step is done, a minute at most.
        """
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(self.log.open("ab"))
            log.write(f"$ {shell.argv(*argv)}\n".encode())
            log.flush()
            output = stack.enter_context(stdout.open("wb")) if stdout else log
            complaints = stack.enter_context(stderr.open("wb")) if stderr else log
            done = child.run(
                argv,
                env={"LC_ALL": "C.UTF-8", "PATH": _path()},
                stdin=stdin,
                stdout=output,
                stderr=complaints,
            )
        if done.returncode:
            raise self.failure(argv, done.returncode)

    def failure(self, argv: Sequence[str], code: int) -> errors.LabError:
        """Describe a failed child: what, how, and the end of what it said."""
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"failed with {code}"
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:]
        shown = "\n".join(f"    {line}" for line in lines)
        return errors.LabError(
            f"{_program(argv)} {how}; its last lines:\n{shown}", hint=f"the whole log: {self.log}"
        )


def _program(argv: Sequence[str]) -> str:
    """Name the program that a person would recognise."""
    return argv[argv.index("--") + 1] if argv[0] == "unshare" else argv[0]


def _path() -> str:
    """Return PATH with the folders of system programs, which users often lack."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
