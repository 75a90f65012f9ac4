"""The way through a host in between, to a machine that nothing else leads to: two real sshd(8)."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from labkit import system
from tests.ssh import behind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Beyond = Callable[[str], dict[str, Any]]

pytestmark = pytest.mark.e2e

REPOSITORY = pathlib.Path(__file__).parents[2]
_PATIENCE = 120.0
_NEEDED = ("ip", "mount", "nsenter", "sshd", "unshare")
_BEGIN = """
import json, pathlib
from labkit import errors
from labkit.providers import base
from labkit.ssh import gateway, session

folder = pathlib.Path(FOLDER)
host, machine = "10.77.0.2", "10.88.0.2"


def pin(name, address, key):
    path = folder / name
    path.write_text(f"{address} {' '.join(key.split()[:2])}\\n")
    return path


def public(name):
    return (folder / f"{name}.pub").read_text()


def way(jump=None, known=None):
    return base.Endpoint(
        machine="web-01", host=machine, port=22, user="root", key=folder / "login",
        known_hosts=known or pin("known", machine, public("machine")), gateway=jump,
    )


def jump(key):
    return base.Gateway(host, 22, "root", folder / "login", pin("known_jump", host, key))


def say(endpoint, command="echo $SSH_CONNECTION"):
    with session.Session(endpoint) as opened:
        opened.open(5)
        return opened.run(command, timeout=30).output


def complaint(endpoint):
    try:
        say(endpoint)
    except errors.LabError as error:
        return error.message
"""


@pytest.fixture
def beyond(tmp_path: pathlib.Path) -> Iterator[Beyond]:
    """Return what runs a script before the gateway, and returns what the script prints as JSON."""
    if not system.is_root():
        pytest.skip("namespaces of their own take root")
    absent = system.missing(*_NEEDED)
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")

    def run(script: str) -> dict[str, Any]:
        file = tmp_path / "script.py"
        file.write_text(_BEGIN.replace("FOLDER", repr(str(tmp_path))) + script)
        done = subprocess.run(
            [*behind.ENTER, sys.executable, "-m", "tests.ssh.behind", str(tmp_path), str(file)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    yield run
    shutil.rmtree(tmp_path)


def test_a_machine_behind_a_gateway(beyond: Beyond) -> None:
    said = beyond(
        """
through = jump(public("gateway"))
print(json.dumps({
    "straight": complaint(way()),
    "through": [say(way(through)) for _ in range(3)],
    "connections": len(gateway._OPEN),
}))
gateway.close_all()
"""
    )
    assert said["straight"]
    for line in said["through"]:
        client, _, server, port = line.split()
        assert (client, server, port) == ("10.88.0.1", "10.88.0.2", "22")
    assert said["connections"] == 1


def test_both_host_keys_are_pinned(beyond: Beyond) -> None:
    said = beyond(
        """
print(json.dumps({
    "gateway": complaint(way(jump(public("machine")))),
    "machine": complaint(way(jump(public("gateway")), pin("other", machine, public("gateway")))),
}))
gateway.close_all()
"""
    )
    assert "the host in between, root@10.77.0.2:22, does not let labkit in" in said["gateway"]
    assert "host key" in said["machine"].lower()
