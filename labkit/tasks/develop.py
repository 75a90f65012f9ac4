"""The tasks for working on labkit itself."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import invoke.context
import invoke.exceptions

from labkit import console, errors, parallel, system, visible
from labkit.spec import words
from labkit.tasks import base

# What the tests run for real; each is skipped by its tests, with a reason, where it is missing.
PROGRAMS = (
    "/usr/share/gocode/src/github.com/vmware/govmomi", "busybox", "chromium", "createrepo_c",
    "debugfs", "dnf", "dnsmasq", "dpkg-deb", "dropbear", "dropbearconvert", "findmnt", "go", "gpg",
    "ip", "iptables", "libvirtd", "mke2fs", "mmdebstrap", "nft", "nsenter", "qemu-img",
    "qemu-system-x86_64", "rpm", "rpmbuild", "rpmsign", "ruby", "setpriv", "ssh", "systemd-nspawn",
    "unshare", "vagrant", "virsh", "virtlogd",
)  # fmt: skip
_OTHER_PLATFORMS = ("Windows", "Darwin")
"""Hosts that labkit is to work on through Vagrant; the tests themselves need Linux."""

BENCH = pathlib.Path(__file__).parents[2] / "bench"
_PROGRAM = 'if __name__ == "__main__":'


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


@base.task(
    "name",
    optional=("name",),
    name="a benchmark, for example whole-way; without it converge",
    rounds="how often everything is measured; each benchmark has its own default",
)
def bench(_: invoke.context.Context, name: str, rounds: int = 0) -> None:
    """Measure, beside what others do; writes docs/explanation/figures/.

    What follows `--` is for the benchmark itself: `./lab bench reliability -- --help`.
    """
    module = chosen(name or "converge", BENCH)
    more = ("--rounds", str(rounds)) if rounds else ()
    _python("-m", f"bench.{module}", *more, *base.remainder())


def chosen(name: str, folder: pathlib.Path) -> str:
    """Return the module of a benchmark: one that can be run as a program.

    Raises:
        errors.LabError: There is none of that name; says which ones there are.
    """
    files = sorted(folder.glob("*.py"))
    found = [file.stem for file in files if _PROGRAM in file.read_text(encoding="utf-8")]
    module = name.replace("-", "_")
    if module not in found:
        raise errors.LabError(
            f"there is no benchmark '{visible.line(name)}'",
            hint=f"there are {words.one_of([stem.replace('_', '-') for stem in found])}",
        )
    return module


def _lint() -> None:
    _python("-m", "ruff", "check", ".")
    _python("-m", "ruff", "format", "--check", ".")
    others = (("--pythonplatform", each, "labkit", "tasks.py") for each in _OTHER_PLATFORMS)
    runs = {" ".join(words): words for words in ((), *others)}

    def check(words: tuple[str, ...]) -> None:
        _python("-m", "pyright", *words)

    # Each takes one processor, and prints nothing before its end.
    parallel.raise_first(parallel.each(runs, check, at_once=os.cpu_count() or 1))


def _pytest(*words: str) -> None:
    _python("-m", "pytest", *words)


def _python(*words: str) -> None:
    console.err.print(f"$ python {' '.join(words)}", soft_wrap=True)
    status = subprocess.call([sys.executable, *words])
    if status:
        raise invoke.exceptions.Exit(code=status)
