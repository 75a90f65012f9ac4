"""The program of the reach check, run for real between two network namespaces."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from labkit import checks

if TYPE_CHECKING:
    from collections.abc import Generator

    from labkit.plan import model

_PROGRAM = pathlib.Path(__file__).parents[2] / "labkit" / "checks" / "programs" / "reach.py"
_HERE, _PEER, _DEAD, _NO_ROUTE = "10.99.0.1", "10.99.0.2", "10.99.0.3", "203.0.113.9"
_PORT = 2222

# Reads its standard input, so that both namespaces and the listener end with the test.
_LISTEN = (
    "import socket, sys\n"
    f"with socket.create_server(('0.0.0.0', {_PORT})):\n"
    "    print('ready', flush=True)\n"
    "    sys.stdin.read()\n"
)


def _unavailable() -> str:
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces of its own need root"
    absent = [tool for tool in ("ip", "nsenter", "unshare") if not shutil.which(tool)]
    if absent:
        return f"not installed: {', '.join(absent)} (packages iproute2, util-linux)"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return f"unshare(2) is forbidden here: {tried.stderr.decode()}" if tried.returncode else ""


@contextlib.contextmanager
def _namespace(*program: str) -> Generator[int]:
    """Hold a network namespace open; a program in it says 'ready' and ends with its input."""
    with subprocess.Popen(
        ["unshare", "--net", *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            yield process.pid
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=10)


def _in(pid: int, *command: str) -> str:
    done = subprocess.run(
        ["nsenter", "--target", str(pid), "--net", *command],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def machine() -> Generator[int]:
    """Return the process of a namespace that is joined with another one, where a server listens."""
    if reason := _unavailable():
        pytest.skip(reason)
    with (
        _namespace("sh", "-c", "echo ready; exec cat") as here,
        _namespace(sys.executable, "-c", _LISTEN) as there,
    ):
        peer = ("peer", "name", "veth1", "netns", str(there))
        _in(here, "ip", "link", "add", "dev", "veth0", "type", "veth", *peer)
        for pid, card, address in ((here, "veth0", _HERE), (there, "veth1", _PEER)):
            _in(pid, "ip", "address", "add", f"{address}/24", "dev", card)
            _in(pid, "ip", "link", "set", "dev", card, "up")
            _in(pid, "ip", "link", "set", "dev", "lo", "up")
        yield here


def _reach(machine: int, seconds: float, port: int, *addresses: str) -> list[str]:
    words = ("-I", "-S", "-c", _PROGRAM.read_text(), str(seconds), str(port), "1500", *addresses)
    return _in(machine, sys.executable, *words).splitlines()


def _said(address: str, *, ping: str, full: str, tcp: str) -> list[str]:
    return [f"ping {address} {ping}", f"full {address} {full}", f"tcp {address} {tcp}"]


def test_a_peer_that_answers_ends_the_waiting(machine: int) -> None:
    start = time.monotonic()
    assert _reach(machine, 60, _PORT, _PEER) == _said(_PEER, ping="ok", full="ok", tcp="ok")
    assert time.monotonic() - start < 30


def test_a_dead_peer_hides_nobody_and_costs_the_limit_once(machine: int) -> None:
    start = time.monotonic()
    found = _reach(machine, 1.5, _PORT, _DEAD, _PEER, _NO_ROUTE, "10.99.0.4", "10.99.0.5")
    assert time.monotonic() - start < 20
    assert found[:9] == [
        *_said(_DEAD, ping="no", full="no", tcp="no"),
        *_said(_PEER, ping="ok", full="ok", tcp="ok"),
        # A connection that fails at once, for want of a route, is no connection.
        *_said(_NO_ROUTE, ping="no", full="no", tcp="no"),
    ]
    assert {line.rpartition(" ")[2] for line in found[9:]} == {"no"}


def test_a_closed_port_is_not_reached(machine: int) -> None:
    assert _reach(machine, 1, _PORT + 1, _PEER) == _said(_PEER, ping="ok", full="ok", tcp="no")


def test_the_machine_itself_answers(machine: int) -> None:
    assert _reach(machine, 1, _PORT, _HERE) == _said(_HERE, ping="ok", full="ok", tcp="no")


def test_a_packet_too_large_for_the_way_is_not_cut_into_pieces(machine: int) -> None:
    _in(machine, "ip", "link", "set", "dev", "veth0", "mtu", "1400")
    try:
        assert _reach(machine, 1, _PORT, _PEER) == _said(_PEER, ping="ok", full="no", tcp="ok")
    finally:
        _in(machine, "ip", "link", "set", "dev", "veth0", "mtu", "1500")


def test_the_probe_is_the_program_and_the_peers(small: model.Lab) -> None:
    probe = checks.every()["reach"].probe(small, small.machine("ansible-01"))
    assert probe is not None
    assert shlex.split(probe) == [
        *("python3", "-I", "-S", "-c"),
        _PROGRAM.read_text(encoding="utf-8"),
        *("8", "22", "1500"),
        "192.168.56.61",
        "192.168.56.62",
    ]


def test_a_machine_alone_has_nobody_to_reach(small: model.Lab) -> None:
    alone = dataclasses.replace(small, machines=small.machines[:1])
    assert checks.every()["reach"].probe(alone, alone.machines[0]) is None
