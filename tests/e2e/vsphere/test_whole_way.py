"""`labkit up` against a simulated vCenter, to the end: into machines with a real sshd.

The host key, the login key, the name and the addresses of each sshd are those that guestinfo told
the machine, so what cloud-init would be told is what is tested. What takes a whole operating system
(name servers, NetworkManager, package sources) is not there, and verify says so.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from labkit import system
from tests.e2e.vsphere import building, inside

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.e2e

REPOSITORY = pathlib.Path(__file__).parents[3]
_PATIENCE = 600.0
_NEEDED = ("chroot", "ip", "mount", "ssh", "sshd", "unshare")


def _run(folder: pathlib.Path, commands: Sequence[Sequence[str]]) -> Any:
    if not system.is_root():
        pytest.skip("namespaces of their own take root")
    absent = system.missing(*_NEEDED)
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")
    building.build()  # with the cache that the environment names
    done = subprocess.run(
        [*inside.ENTER, sys.executable, "-m", "tests.e2e.vsphere.inside", str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "LAB_CACHE": str(_cache())},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _cache() -> pathlib.Path:
    return building.build().parents[1]


def test_a_lab_from_up_to_destroy(tmp_path: pathlib.Path) -> None:
    look = ["ssh", "-F", ".lab/s00/ssh_config", "m0001", "cat /etc/motd; hostname; ls -d /srv/data"]
    page = ["grep", "-o", "198[.]18[.]0[.]2[01]:22", ".lab/s00/report.html"]
    said = _run(tmp_path, [["up"], look, ["up"], ["status"], page, ["destroy"]])
    up, shown, again, status, report, gone = said["ended"]
    assert "changes inside the machines: 4" in up["out"], up
    assert "Traceback" not in up["err"]
    assert shown["code"] == 0, shown
    assert shown["out"].split() == ["hello", "from", "m0001m0001", "/srv/data"]
    assert "changes inside the machines: 0" in again["out"], again
    assert "powering on" not in again["err"]
    assert "198.18.0.20:22" in status["out"], status
    assert set(report["out"].split()) == {"198.18.0.20:22", "198.18.0.21:22"}
    assert gone["code"] == 0, gone
    assert gone["out"] == "lab 's00' is gone: m0000, m0001\n"
    assert said["machines"] == ["debian-12"]
