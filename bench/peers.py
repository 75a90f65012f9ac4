"""The tools that labkit is measured beside, in a virtual environment of their own.

bench/peers.lock pins them with their digests. The environment lies in the user's cache, and is made
again when the lock or the Python changes.
"""

from __future__ import annotations

import hashlib
import pathlib
import shutil
import subprocess
import sys

import platformdirs

from labkit import errors

LOCK = pathlib.Path(__file__).with_name("peers.lock")
_TAIL = 12
"""Lines of a failed installation that the error shows."""


def folder() -> pathlib.Path:
    """Return the folder of the environment, whether it is there or not."""
    mark = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return platformdirs.user_cache_path("labkit") / "bench" / f"peers-{mark}"


def program(name: str) -> str:
    """Return the path of one of the environment's programs."""
    return str(folder() / "bin" / name)


def ensure() -> None:
    """Make the environment unless it is there.

    Raises:
        errors.LabError: It cannot be made; the error has pip's last lines.
    """
    wanted = folder()
    if (wanted / "complete").exists():
        return
    print(f"installing pyinfra and ansible-core into {wanted}", flush=True)
    shutil.rmtree(wanted, ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(wanted))
    _run(program("python"), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(LOCK))
    (wanted / "complete").touch()


def versions() -> dict[str, str]:
    """Return the peers' versions by their names."""
    listing = (
        "import importlib.metadata as m; print(m.version('pyinfra'), m.version('ansible-core'))"
    )
    done = subprocess.run(
        [program("python"), "-c", listing], stdout=subprocess.PIPE, text=True, check=True
    )
    return dict(zip(("pyinfra", "ansible-core"), done.stdout.split(), strict=True))


def _run(*words: str) -> None:
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        lines = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-_TAIL:])
        raise errors.LabError(
            f"pyinfra and ansible-core could not be installed; pip's last lines:\n{lines}",
            hint="the benchmark takes them from PyPI, or from the index that pip is set up for",
        )
