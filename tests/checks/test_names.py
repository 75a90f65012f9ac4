"""The probe of names in a real shell, with a getent of the test's own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from labkit import checks
from labkit.converge import script

if TYPE_CHECKING:
    import pathlib

    from labkit.plan import model

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="runs a shell")

# As getent(1): what it does not find, it leaves out, and fails.
_GETENT = """#!/bin/sh
echo "$RES_OPTIONS $*" >> "$ASKED"
shift
status=0
for name; do
    if [ "$name" = "$MISSING" ]; then status=2; continue; fi
    printf '%s\\n' '192.168.56.99 STREAM x.lab.internal' '192.168.56.99 DGRAM  '
done
exit $status
"""


@pytest.mark.parametrize(("missing", "questions"), [("", 1), ("web-01", 7)])
def test_only_where_one_is_missing_each_is_asked_for_alone(
    tmp_path: pathlib.Path, small: model.Lab, missing: str, questions: int
) -> None:
    program, asked = tmp_path / "getent", tmp_path / "asked"
    program.write_text(_GETENT)
    program.chmod(0o755)
    check = checks.every()["names"]
    machine = small.machine("ansible-01")
    probe = check.probe(small, machine)
    assert probe
    done = subprocess.run(
        ["/bin/sh", "-c", f"PATH={tmp_path}:$PATH\n{probe}"],
        env={"PATH": "/usr/bin:/bin", "ASKED": str(asked), "MISSING": missing},
        capture_output=True,
        text=True,
        check=True,
    )
    _, _, *seen = check.read(small, machine, script.Answer(done.stdout, 0))
    unknown = [each.subject for each in seen if each.actual == ""]
    assert unknown == ([f"address of {missing}"] if missing else [])
    assert {each.actual for each in seen} - {""} == {"192.168.56.99"}
    said = asked.read_text().splitlines()
    assert len(said) == questions
    assert all(line.startswith("timeout:2 attempts:1 ahostsv4 ") for line in said)
