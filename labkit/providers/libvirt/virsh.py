"""Run virsh(1), which asks libvirt in milliseconds what Vagrant takes seconds for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from labkit import child, errors, shell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Answer = TypeVar("Answer")

URI = "qemu:///system"
"""The host's own libvirt: that of a user (qemu:///session) has no networks of its own."""
_TIMEOUT = 60.0
_TRIES = 5
_PAUSE = 0.2
"""Seconds between two of them."""
_GONE = ("failed to connect to the hypervisor", "Failed to connect socket", "Disconnected from")
_REACH = (
    "start it ('sudo systemctl start libvirtd'), and see that you may use it ('sudo usermod "
    "--append --groups libvirt USER', then log in again)"
)


class GoneError(errors.ProviderError):
    """libvirt does not answer."""


def run(*words: str, timeout: float = _TIMEOUT) -> str:
    """Return what one command of virsh printed. This is the only place that runs it.

    Raises:
        errors.ProviderError: libvirt does not answer, or refused.
    """
    argv = ["virsh", "--quiet", "--connect", URI, *words]
    try:
        done = child.run(argv, env={"LC_ALL": "C.UTF-8"}, timeout=timeout)
    except errors.LabError as error:
        raise GoneError(f"libvirt does not answer: {error.message}", hint=_REACH) from error
    # Of several commands in one process only the last one decides the status.
    if done.returncode or done.stderr.startswith("error: ") or "\nerror: " in done.stderr:
        raise explain(words, done.stderr)
    return done.stdout


def batch(commands: Sequence[Sequence[str]]) -> str:
    """Run several commands in one process; raises as `run` does when one of them fails."""
    return run("; ".join(shell.argv(*words) for words in commands))


def steady(ask: Callable[[], Answer]) -> Answer:
    """Ask once more, a few times, when what was named by one question was gone at the next one.

    Other machines, labs and people come and go between two questions.

    Raises:
        errors.ProviderError: It failed every time.
    """
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except GoneError:
            raise
        except errors.ProviderError:
            time.sleep(_PAUSE)
    return ask()


def explain(words: Sequence[str], said: str) -> errors.ProviderError:
    """Return the error for a virsh that failed. Pure."""
    lines = [line.removeprefix("error: ").strip() for line in said.splitlines() if line.strip()]
    text = lines[-1] if lines else "it says nothing"
    if any(mark in said for mark in _GONE):
        return GoneError(f"libvirt does not answer: {text}", hint=_REACH)
    if "No space left on device" in said:
        return errors.ProviderError(
            f"libvirt's disk is full: {text}",
            hint="'virsh pool-list --details' shows where its volumes are; make room there",
        )
    what = " ".join(words[0].split()[:1])
    return errors.ProviderError(
        f"libvirt refused '{what}': {text}", hint="the full command is in the log"
    )
