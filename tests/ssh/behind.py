"""Run a script on one side of a gateway; a machine with a real sshd is on the other side.

Three network namespaces in a row, of which nothing is seen outside: the script's own, the gateway's
(10.77.0.2 and 10.88.0.1), and the machine's (10.88.0.2). No route leads from the first to the last.
It takes root, and is started by unshare(1): see `test_gateway.py`.
"""

from __future__ import annotations

import contextlib
import pathlib
import runpy
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from labkit.ssh import keys

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

ENTER = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
GATEWAY, MACHINE = "10.77.0.2", "10.88.0.2"
_WAIT = 30.0


def main() -> None:
    """Make the namespaces and both servers, run the script, and end."""
    folder = pathlib.Path(sys.argv[1])
    _do("mount", "-t", "tmpfs", "tmpfs", "/run")
    pathlib.Path("/run/sshd").mkdir()
    (folder / "authorized_keys").write_text(f"{_key(folder / 'login')}\n")
    with contextlib.ExitStack() as stack:
        gateway, machine = (stack.enter_context(_namespace()) for _ in range(2))
        _wire(("ip",), "10.77.0.1/24", gateway, GATEWAY, "one")
        _wire((*_in(gateway), "ip"), "10.88.0.1/24", machine, MACHINE, "two")
        for pid, name, address in ((gateway, "gateway", GATEWAY), (machine, "machine", MACHINE)):
            stack.enter_context(_sshd(pid, folder, name))
            _await(pid, address)
        runpy.run_path(sys.argv[2], run_name="__main__")


def _in(pid: int) -> tuple[str, ...]:
    return ("nsenter", f"--net=/proc/{pid}/ns/net")


@contextlib.contextmanager
def _namespace() -> Generator[int]:
    holder = ["unshare", "--net", "sh", "-c", "ip link set lo up; echo ready; exec sleep 600"]
    with subprocess.Popen(holder, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process.pid
        finally:
            process.kill()


def _wire(ip: Sequence[str], near: str, pid: int, far: str, name: str) -> None:
    """Lay a cable from the namespace that `ip` works in to another one."""
    _do(*ip, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
    _do(*ip, "address", "add", near, "dev", name)
    _do(*ip, "link", "set", name, "up")
    _do(*_in(pid), "ip", "address", "add", f"{far}/24", "dev", "eth0")
    _do(*_in(pid), "ip", "link", "set", "eth0", "up")


@contextlib.contextmanager
def _sshd(pid: int, folder: pathlib.Path, name: str) -> Generator[None]:
    (folder / f"{name}.pub").write_text(_key(folder / f"{name}.key"))
    config = folder / f"{name}.config"
    config.write_text(
        f"HostKey {folder / f'{name}.key'}\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\n"
        "PidFile none\nStrictModes no\nUsePAM no\nUseDNS no\n"
        "PermitRootLogin prohibit-password\nPasswordAuthentication no\n"
    )
    # The whole path, as sshd(8) insists on it: it starts itself anew for each connection.
    server = [*_in(pid), "/usr/sbin/sshd", "-D", "-e", "-f", str(config)]
    with (
        (folder / f"{name}.log").open("wb") as log,
        subprocess.Popen(server, stderr=log) as process,
    ):
        try:
            yield
        finally:
            process.kill()


def _await(pid: int, address: str) -> None:
    probe = "import socket, sys; socket.create_connection((sys.argv[1], 22), 1).recv(4)"
    deadline = time.monotonic() + _WAIT
    while subprocess.call(
        [*_in(pid), sys.executable, "-c", probe, address], stderr=subprocess.DEVNULL
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _key(path: pathlib.Path) -> str:
    pair = keys.generate(path.name)
    path.touch(mode=0o600)
    path.write_text(pair.private.reveal())
    return pair.public


def _do(*words: str) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
