"""Programs that read back what labkit writes, and how many texts they get."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.ssh import conftest as ssh

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    Record = Callable[[str, object], None]

server = ssh.server
"""The sshd of the tests of sessions."""


@pytest.fixture(
    params=[
        pytest.param(1_000, id="1000"),
        pytest.param(10_000, id="10000", marks=pytest.mark.slow),
    ]
)
def count(request: pytest.FixtureRequest, record_property: Record) -> int:
    """Say how many random texts a test takes: a sample always, all of them every night."""
    record_property("rounds", request.param)
    return request.param


@pytest.fixture
def empty(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a folder in which programs run; whatever appears in it was made by a hostile text."""
    made = tmp_path / "empty"
    made.mkdir()
    return made


@pytest.fixture
def run(empty: pathlib.Path) -> Callable[..., bytes]:
    """Run a program that a person may lack on some bytes; it must be content, and say nothing."""

    def start(*command: str, stdin: bytes = b"") -> bytes:
        path = os.pathsep.join((os.defpath, "/usr/sbin", "/sbin"))
        program = shutil.which(command[0], path=path)
        if program is None:
            pytest.skip(f"{command[0]} is not installed")
        done = subprocess.run(
            [program, *command[1:]],
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
            cwd=empty,
            env={"PATH": path, "HOME": str(empty), "LC_ALL": "C.UTF-8"},
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert list(empty.iterdir()) == [], "a hostile text was run"
        return done.stdout

    return start
