"""Run the programs that build an image: output into a log, nothing left running behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

from labkit import errors, shell, system

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

GRACE = 10.0
"""Seconds that a program has to clean up after SIGTERM."""
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

        Should this very process be killed, the kernel sends the program SIGTERM (setpriv(1)).
        mmdebstrap heeds that only once its current step is done, a minute at most.
        """
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(self.log.open("ab"))
            log.write(f"$ {shell.argv(*argv)}\n".encode())
            log.flush()
            output = stack.enter_context(stdout.open("wb")) if stdout else log
            complaints = stack.enter_context(stderr.open("wb")) if stderr else log
            try:
                child = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "TERM", "--", *argv],
                    stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                    stdout=output,
                    stderr=complaints,
                    start_new_session=True,
                    env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": _path()},
                )
            except FileNotFoundError as error:
                raise errors.LabError(f"{error.filename} is not installed") from None
            try:
                child.communicate(stdin)
            except BaseException:
                _end(child)
                raise
        if child.returncode:
            raise self.failure(argv, child.returncode)

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


def _signal(child: subprocess.Popen[bytes], *, kill: bool) -> None:
    if sys.platform == "win32":  # which has no process groups; nothing is built there
        child.kill()
    else:
        os.killpg(child.pid, signal.SIGKILL if kill else signal.SIGTERM)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child and all that it started: politely first, so that it cleans up."""
    with contextlib.suppress(ProcessLookupError):
        _signal(child, kill=False)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE)
    with contextlib.suppress(ProcessLookupError):
        _signal(child, kill=True)
    child.wait()
