"""Build the simulator once, and keep it by the digest of all that it is made of."""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import filelock

from labkit import shell, system
from labkit.images import store

SOURCES = pathlib.Path(__file__).with_name("simulator")
GOPATH = pathlib.Path("/usr/share/gocode")
LIBRARY = GOPATH / "src" / "github.com" / "vmware" / "govmomi"
NEEDED = ("go", str(LIBRARY))
_SETTINGS = {
    "GO111MODULE": "off",
    "GOPATH": str(GOPATH),
    "GOPROXY": "off",
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "",
    "CGO_ENABLED": "0",
}
_PATIENCE = 900.0


def missing() -> str:
    """Say how to get what a build needs; nothing when it is all there."""
    absent = system.missing(*NEEDED)
    if not absent:
        return ""
    return f"the simulator of vSphere needs: {shell.argv(*system.install_argv(NEEDED))}"


def build() -> pathlib.Path:
    """Return the program, made before this when it is not in the cache.

    Raises:
        AssertionError: It could not be built; has what the compiler says.
    """
    home = store.root() / "simulator"
    program = home / _digest()
    if program.exists():
        return program
    home.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(home / "lock"), tempfile.TemporaryDirectory(dir=home) as work:
        if program.exists():
            return program
        made = pathlib.Path(work) / "simulator"
        done = subprocess.run(
            ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", made, "."],
            cwd=SOURCES,
            env={"GOCACHE": str(pathlib.Path(work) / "cache"), **os.environ, **_SETTINGS},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for old in home.iterdir():
            if old.is_dir() and old != pathlib.Path(work):  # of a build that was killed
                shutil.rmtree(old)
            elif old.is_file() and old.name != "lock":
                old.unlink()
        shutil.move(made, program)
    return program


def _digest() -> str:
    total = hashlib.sha256()
    for folder in (SOURCES, LIBRARY / "simulator", LIBRARY / "vapi" / "simulator"):
        for file in sorted(folder.glob("*.go")):
            total.update(f"{file.name}\n".encode() + file.read_bytes())
    return total.hexdigest()
