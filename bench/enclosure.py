"""The namespaces in which a benchmark runs, so that nothing of the host changes.

Nothing is left behind either, whatever ends the benchmark: the kernel ends the processes of a
process namespace with its first one (pid_namespaces(7)), and networks and mounts with them.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING

from labkit import errors, shell, system

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = pathlib.Path("/run/bench")
"""The benchmark's own folder: in memory, and seen by nobody outside."""
PROGRAMS = (
    "ip", "mount", "nsenter", "pivot_root", "setpriv", "ssh", "sshd", "systemctl", "unshare",
    "xargs",
)  # fmt: skip
NETWORK = "10.77.0"
"""The first three numbers of all machines' addresses."""
BRIDGE = "bench0"
ENTER = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
_INSIDE = "LABKIT_BENCH_INSIDE"


def enter(module: str, words: Sequence[str]) -> None:
    """Go on inside namespaces of one's own: `python -m MODULE WORDS` begins again there.

    Returns there, and only there.

    Raises:
        errors.LabError: It takes root, or programs that are not installed.
    """
    # The first process of a namespace of its own; with the variable alone, this is still the host.
    if os.environ.pop(_INSIDE, "") and os.getpid() == 1:
        _settle()
        return
    if not system.is_root():
        raise errors.LabError(
            "machines in namespaces of their own need root", hint="run it as root, or with sudo"
        )
    system.require(*PROGRAMS)
    # unshare(1) passes on no SIGTERM. So it is killed instead, which ends all that is inside; and
    # the kernel does that by itself when this process is gone.
    argv = ["setpriv", "--pdeathsig", "KILL", *ENTER, sys.executable, "-m", module, *words]
    with subprocess.Popen(argv, env={**os.environ, _INSIDE: "yes", "PATH": _path()}) as process:
        try:
            sys.exit(process.wait())
        finally:
            process.kill()


def _path() -> str:
    return os.pathsep.join((os.environ.get("PATH", os.defpath), *system.SBIN))


def _settle() -> None:
    """Make what is shared: a folder in memory, and a network with nobody on it."""
    do("mount", "-t", "tmpfs", "tmpfs", str(FOLDER.parent))
    FOLDER.mkdir()
    do("ip", "link", "set", "lo", "up")
    do("ip", "link", "add", BRIDGE, "type", "bridge")
    do("ip", "address", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
    do("ip", "link", "set", BRIDGE, "up")


def do(*words: str, stdin: str = "") -> None:
    """Run a program.

    Raises:
        errors.LabError: It failed; has what it said.
    """
    done = subprocess.run(
        words, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise errors.LabError(f"{shell.argv(*words)} failed: {done.stdout.strip()}")
