"""Verify names what is broken, and nothing on healthy machines; on containers, which are fast.

What takes a virtual machine is in test_mutations.py.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from bench import containers, mutants
from labkit import system
from tests.e2e import conftest

_LOOKS = 50
_WITHOUT = [program for program in containers.PROGRAMS if shutil.which(program) is None]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not system.is_root(), reason="containers of one's own need root"),
    pytest.mark.skipif(bool(_WITHOUT), reason=f"not installed: {', '.join(_WITHOUT)}"),
]


def test_every_mutation_is_named_exactly_and_no_healthy_look_gives_an_alarm() -> None:
    words = ("-m", "bench.mutations", "--containers", "--rounds", str(_LOOKS))
    done = subprocess.run(
        [sys.executable, *words],
        cwd=conftest.REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    count = sum(not each.virtual for each in mutants.load())
    said = f"{count} of {count} mutations named exactly, 0 of {_LOOKS} looks at the healthy lab"
    assert said in done.stdout, done.stdout[-8000:]
