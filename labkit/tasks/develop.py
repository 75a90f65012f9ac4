"""The tasks for working on labkit itself."""

from __future__ import annotations

import subprocess
import sys

import invoke.context
import invoke.exceptions

from labkit import console, system
from labkit.tasks import base

# What the tests run for real; each is skipped by its tests, with a reason, where it is missing.
PROGRAMS = (
    "createrepo_c", "debugfs", "dnf", "ip", "mke2fs", "mmdebstrap", "nsenter", "qemu-img",
    "qemu-system-x86_64", "rpm", "rpmbuild", "ruby", "ssh", "unshare", "vagrant",
)  # fmt: skip
_OTHER_PLATFORMS = ("Windows", "Darwin")
"""Hosts that labkit is to work on through Vagrant; the tests themselves need Linux."""


@base.task()
def check(_: invoke.context.Context) -> None:
    """Lint, types for three platforms, and the fast tests."""
    _lint()
    _pytest("-m", "not e2e and not slow", "-n", "2")


@base.task(slow="also the nightly tier")
def test(_: invoke.context.Context, slow: bool = False) -> None:  # noqa: PT028 - a task, not a test
    """Everything that CI runs: lint, types, fast tests, then four real machines."""
    system.require(*PROGRAMS)
    _lint()
    _pytest("-m", "not e2e and not slow", "-n", "2")
    _pytest("-m", "e2e or slow" if slow else "e2e and not slow", "-v", "--durations=10")


@base.task(rounds="how often everything is measured")
def bench(_: invoke.context.Context, rounds: int = 3) -> None:
    """Measure the whole way beside bare QEMU; writes docs/explanation/figures/."""
    _python("-m", "bench.whole_way", str(rounds))


def _lint() -> None:
    _python("-m", "ruff", "check", ".")
    _python("-m", "ruff", "format", "--check", ".")
    _python("-m", "pyright")
    for platform in _OTHER_PLATFORMS:
        _python("-m", "pyright", "--pythonplatform", platform, "labkit", "tasks.py")


def _pytest(*words: str) -> None:
    _python("-m", "pytest", *words)


def _python(*words: str) -> None:
    console.err.print(f"$ python {' '.join(words)}", soft_wrap=True)
    status = subprocess.call([sys.executable, *words])
    if status:
        raise invoke.exceptions.Exit(code=status)
