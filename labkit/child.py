"""The one place where labkit starts a program and waits for it: logged, in time, no orphans.

A program runs in a session of its own, so that Ctrl-C at the terminal reaches labkit alone. When a
run is interrupted, its programs get SIGINT, then SIGTERM, then SIGKILL, with all that they started.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING

from labkit import errors, log, signals

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence

    import psutil

GRACES = (("SIGINT", 5.0), ("SIGTERM", 5.0), ("SIGKILL", 5.0))
"""What a program gets, and the seconds that it has after it."""
_POLL = 0.02


class DeadlineError(errors.LabError):
    """A program did not end in time, and was ended."""


_RUNNING: set[subprocess.Popen[bytes]] = set()
_LOCK = threading.Lock()


def run(
    argv: Sequence[str],
    *,
    cwd: pathlib.Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; return its status and what it printed where that is piped.

    Should this very process be killed, the kernel sends the program SIGTERM (setpriv(1)).

    Raises:
        DeadlineError: It did not end within `timeout` seconds.
        errors.LabError: It cannot be run.
        signals.Stopped: The run is being interrupted, and this is one of its threads.
    """
    signals.check()
    words = [str(word) for word in argv]
    with log.command(words, sent=None if stdin is None else len(stdin)) as record:
        child: subprocess.Popen[bytes] | None = None
        try:
            with signals.held():  # none is started without being known
                child = _start(
                    words, cwd=cwd, env=env, given=stdin is not None, stdout=stdout, stderr=stderr
                )
            out, err = child.communicate(stdin, timeout)
            status = child.returncode
        except subprocess.TimeoutExpired:
            raise DeadlineError(
                f"{words[0]} did not end within {timeout:.0f} s and was ended",
                hint="look at the load of this host; the full command is in the log",
            ) from None
        finally:
            if child is not None:
                _release(child)
        said, complaint = _text(out), _text(err)
        record.status, record.said = status, complaint or said
    if status:  # perhaps since `stop` has ended it
        signals.check()
    return subprocess.CompletedProcess(words, status, said, complaint)


def stop() -> None:
    """End every program that runs now, for the threads that wait for them."""
    with _LOCK:
        running = tuple(_RUNNING)
    _end(running)


def _start(
    words: list[str],
    *,
    cwd: pathlib.Path | None,
    env: Mapping[str, str] | None,
    given: bool,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
) -> subprocess.Popen[bytes]:
    guard = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    try:
        child = subprocess.Popen(
            [*guard, *words],
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            stdin=subprocess.PIPE if given else subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except OSError as error:
        raise errors.LabError(
            f"{words[0]} cannot be run: {error.strerror}", hint="'lab.doctor' says what is missing"
        ) from None
    with _LOCK:
        _RUNNING.add(child)
    return child


def _release(child: subprocess.Popen[bytes]) -> None:
    """Let go of a program, and end it when it still runs."""
    if child.returncode is None:
        _end([child])
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream:
            stream.close()
    with _LOCK:
        _RUNNING.discard(child)


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """End programs and all that they started: politely first, so that they clean up."""
    import psutil  # noqa: PLC0415 - slow to import, and most runs end no program

    family = [each for child in children for each in _family(child)]
    for name, grace in GRACES:
        for child in children:
            _signal(child, name)
        if _ended(children, family, grace):
            return
    for each in family:  # has left its parent's process group
        with contextlib.suppress(psutil.Error):
            each.kill()


def _family(child: subprocess.Popen[bytes]) -> list[psutil.Process]:
    import psutil  # noqa: PLC0415 - as above

    try:
        return psutil.Process(child.pid).children(recursive=True)
    except psutil.Error:
        return []


def _signal(child: subprocess.Popen[bytes], name: str) -> None:
    if sys.platform == "win32":  # which has no process groups, and one way of ending
        child.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, getattr(signal, name))


def _ended(
    children: Sequence[subprocess.Popen[bytes]], family: Sequence[psutil.Process], seconds: float
) -> bool:
    """Wait until all have ended; say whether they have in time."""
    deadline = time.monotonic() + seconds
    while any(child.poll() is None for child in children) or any(map(_lives, family)):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _lives(process: psutil.Process) -> bool:
    import psutil  # noqa: PLC0415 - as above

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _text(output: bytes | None) -> str:
    return (output or b"").decode(errors="replace")
