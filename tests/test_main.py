"""The program as a process of its own, and whoever reads what it prints."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("words", [("--list",), ("--help",), ("explain", "--help"), ("--version",)])
@pytest.mark.parametrize("buffered", [True, False])
def test_nobody_reads_on(words: tuple[str, ...], *, buffered: bool) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    unbuffered = {} if buffered else {"PYTHONUNBUFFERED": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "labkit", *words],
            stdout=writes,
            stderr=subprocess.PIPE,
            timeout=60,
            env={**os.environ, **unbuffered},
            check=False,
        )
    finally:
        os.close(writes)
    assert done.stderr == b""
    assert done.returncode in {0, 141}
    assert buffered or done.returncode == 141


def test_another_broken_pipe_is_no_secret() -> None:
    code = (
        "import invoke.program\n"
        "from labkit import __main__ as program\n"
        "def run(self):\n"
        "    raise BrokenPipeError('of a helper')\n"
        "invoke.program.Program.run = run\n"
        "program.main()"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("\nBrokenPipeError: of a helper\n")
