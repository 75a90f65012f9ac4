"""A real sshd(8) on 127.0.0.1, with keys of its own, as the user who runs the tests."""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from labkit.providers import base
from labkit.ssh import keys, session

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_PRIVILEGE_SEPARATION = pathlib.Path("/run/sshd")
_WAIT = 30.0


@dataclasses.dataclass(frozen=True, slots=True)
class Server:
    """A running sshd, and what a client needs for it."""

    port: int
    pid: int
    host_key: str
    key: pathlib.Path
    folder: pathlib.Path

    def endpoint(self, known_hosts: pathlib.Path, port: int = 0) -> base.Endpoint:
        user = getpass.getuser()
        return base.Endpoint("web-01", "127.0.0.1", port or self.port, user, self.key, known_hosts)


def _sshd() -> str:
    if sys.platform == "win32":
        pytest.skip("sshd is not tested on Windows")
    program = shutil.which("sshd", path=os.pathsep.join((os.defpath, "/usr/sbin")))
    if program is None:
        pytest.skip("sshd is not installed (package openssh-server)")
    return program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def _separated() -> Generator[None]:
    """Make the folder that sshd(8) insists on when it runs as root; its service makes it else."""
    if os.geteuid() != 0 or _PRIVILEGE_SEPARATION.exists():
        yield
        return
    _PRIVILEGE_SEPARATION.mkdir(mode=0o755)
    try:
        yield
    finally:
        _PRIVILEGE_SEPARATION.rmdir()


def _key(path: pathlib.Path) -> keys.KeyPair:
    pair = keys.generate("test")
    path.touch(mode=0o600)
    path.write_text(pair.private.reveal())
    return pair


@contextlib.contextmanager
def _serve(program: str, folder: pathlib.Path) -> Generator[Server]:
    port = _free_port()
    host = _key(folder / "host")
    login = _key(folder / "login")
    (folder / "authorized_keys").write_text(f"{login.public}\n")
    (folder / "config").write_text(
        "ListenAddress 127.0.0.1\n"
        f"HostKey {folder / 'host'}\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\n"
        "PidFile none\n"
        "StrictModes no\n"
        "UsePAM no\n"
        "PermitRootLogin prohibit-password\n"
        "PasswordAuthentication no\n"
    )
    log = folder / "sshd.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [program, "-D", "-e", "-f", str(folder / "config"), "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stderr=output,
        ) as process,
    ):
        try:
            _await(process, port, log)
            yield Server(port, process.pid, host.public, folder / "login", folder)
        finally:
            process.terminate()
            process.wait(timeout=_WAIT)


def _await(process: subprocess.Popen[bytes], port: int, log: pathlib.Path) -> None:
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    pytest.fail(f"sshd does not answer: {log.read_text(errors='replace')}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    program = _sshd()
    with _separated(), _serve(program, tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def endpoint(server: Server, tmp_path: pathlib.Path) -> Callable[..., base.Endpoint]:
    """Return what gives the endpoint of the server, with a host key pinned (or none)."""

    def make(*, pinned: str = server.host_key, port: int = 0) -> base.Endpoint:
        known_hosts = tmp_path / "known_hosts"
        line = f"[127.0.0.1]:{port or server.port} {' '.join(pinned.split()[:2])}\n"
        known_hosts.write_text(line if pinned else "")
        return server.endpoint(known_hosts, port)

    return make


@pytest.fixture
def opened(endpoint: Callable[..., base.Endpoint]) -> Generator[session.Session]:
    """Log in for one test."""
    with session.Session(endpoint()) as made:
        made.open(60)
        yield made
