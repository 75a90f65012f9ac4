"""Machines in namespaces of their own: each with its own files, network, processes and real sshd.

The benchmark must have entered its enclosure before (`bench.enclosure`).
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import os
import socket
import subprocess
import time
from typing import IO, TYPE_CHECKING

from bench import enclosure
from labkit import errors, shell
from labkit.providers import base
from labkit.ssh import keys

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator, Sequence

USER = "root"
_WAIT = 60.0

_MACHINE = (*enclosure.ENTER, "--uts")

# The machine's files are the host's, seen through an overlay: what it writes stays in memory.
_PREPARE = """
set -e
cd {folder}
mount -t tmpfs tmpfs disk
mkdir disk/upper disk/work disk/root
mount -t overlay -o lowerdir=/,upperdir=disk/upper,workdir=disk/work overlay disk/root
root=disk/root
for each in dev sys; do mount --rbind "/$each" "$root/$each"; done
mount -t proc proc "$root/proc"
for each in root run srv tmp; do mount -t tmpfs -o mode=0755 tmpfs "$root/$each"; done
chmod 1777 "$root/tmp"
mkdir -p "$root/run/sshd" "$root/run/before"
cp -a authorized_keys host sshd_config "$root/run/"
cd "$root"
pivot_root . run/before
umount -l /run/before
cd /
echo ready
read -r _
ip link set lo up
ip address add {address}/24 dev eth0
ip link set eth0 up
exec "$(command -v sshd)" -D -e -f /run/sshd_config
"""

# VERBOSE logs each session's start, by which a server says how many there were.
_SSHD = """
HostKey /run/host
AuthorizedKeysFile /run/authorized_keys .ssh/authorized_keys
PidFile none
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
LogLevel VERBOSE
UseDNS no
Subsystem sftp internal-sftp
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Machine:
    """One running machine."""

    name: str
    address: str
    host_key: str
    pid: int
    folder: pathlib.Path
    """What the benchmark keeps of it: its log, its keys."""

    @property
    def log(self) -> pathlib.Path:
        """What its sshd said."""
        return self.folder / "sshd.log"

    def run(self, script: str) -> str:
        """Run a shell script inside, past SSH and past every tool; return what it printed.

        Raises:
            errors.LabError: It failed.
        """
        processes = f"--pid=/proc/{self.pid}/ns/pid_for_children"
        enter = ("nsenter", "--target", str(self.pid), "--mount", "--uts", "--net", processes)
        done = subprocess.run(
            [*enter, "sh", "-s"],
            input=script,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            timeout=_WAIT,
            check=False,
        )
        if done.returncode:
            raise errors.LabError(f"{self.name}: {done.stdout.strip()[-2000:]}")
        return done.stdout


@dataclasses.dataclass(frozen=True, slots=True)
class Sessions:
    """What an sshd's log counts: connections, and what was started over them."""

    connections: int
    execs: int


@dataclasses.dataclass(frozen=True, slots=True)
class Farm:
    """All machines, and what a client needs for them."""

    machines: tuple[Machine, ...]
    key: pathlib.Path
    known_hosts: pathlib.Path

    def endpoint(self, machine: Machine, host: str = "", port: int = 22) -> base.Endpoint:
        """Return where a machine is, or where what stands before it is (`known` must say so)."""
        return base.Endpoint(
            machine.name, host or machine.address, port, USER, self.key, self.known_hosts
        )

    def know(self, machine: Machine, host: str, port: int) -> None:
        """Pin a machine's host key for another address that leads to it."""
        with self.known_hosts.open("a", encoding="utf-8") as file:
            file.write(f"[{host}]:{port} {machine.host_key}\n")


@contextlib.contextmanager
def running(count: int) -> Generator[Farm]:
    """Run machines until the block ends."""
    pair = keys.generate("bench")
    key = enclosure.FOLDER / "key"
    _write(key, pair.private.reveal())
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(_start(number, pair.public)) for number in range(count)]
        _plug([process.pid for _, process in started])
        machines: list[Machine] = []
        for machine, process in started:
            _pipe(process.stdin).write(b"go\n")
            _pipe(process.stdin).flush()
            machines.append(machine)
        for machine in machines:
            _await(machine)
        known_hosts = enclosure.FOLDER / "known_hosts"
        _write(known_hosts, "".join(f"{m.address} {m.host_key}\n" for m in machines))
        yield Farm(tuple(machines), key, known_hosts)


@contextlib.contextmanager
def _start(number: int, login: str) -> Generator[tuple[Machine, subprocess.Popen[bytes]]]:
    name = f"machine-{number + 1:02}"
    folder = enclosure.FOLDER / name
    (folder / "disk").mkdir(parents=True)
    host = keys.generate(name)
    _write(folder / "host", host.private.reveal())
    _write(folder / "authorized_keys", f"{login}\n")
    _write(folder / "sshd_config", _SSHD)
    address = f"{enclosure.NETWORK}.{number + 11}"
    script = _PREPARE.replace("{folder}", shell.quote(folder)).replace("{address}", address)
    with (folder / "sshd.log").open("ab") as log:
        process = subprocess.Popen(
            [*_MACHINE, "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        if _pipe(process.stdout).readline() != b"ready\n":
            said = (folder / "sshd.log").read_text(errors="replace").strip()
            raise errors.LabError(
                f"{name} did not start: {said}",
                hint="the kernel must have overlayfs and pid_namespaces",
            )
        yield (
            Machine(name, address, " ".join(host.public.split()[:2]), process.pid, folder),
            process,
        )
    finally:
        # The process namespace's first process ends, and all others with it.
        process.kill()
        process.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:  # Popen's types allow it; with PIPE there is one
        raise OSError
    return pipe


def _plug(pids: Sequence[int]) -> None:
    lines = "".join(
        f"link add veth{n} master {enclosure.BRIDGE} type veth peer name eth0 netns {pid}\n"
        f"link set veth{n} up\n"
        for n, pid in enumerate(pids)
    )
    enclosure.do("ip", "-batch", "-", stdin=lines)


def _await(machine: Machine) -> None:
    """Wait until a machine's sshd says who it is.

    Raises:
        errors.LabError: It does not.
    """
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((machine.address, 22), 1) as plug,
        ):
            if plug.recv(4) == b"SSH-":
                return
        time.sleep(0.02)
    said = machine.log.read_text(errors="replace").strip()
    raise errors.LabError(f"{machine.name} does not answer: {said}", hint="run 'sshd -T'")


def everywhere(machines: Sequence[Machine], script: str) -> dict[str, str]:
    """Run a script in each machine, past SSH; return what each one printed."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        printed = {machine.name: pool.submit(machine.run, script) for machine in machines}
        return {name: each.result() for name, each in printed.items()}


def forget(machines: Sequence[Machine]) -> None:
    """Begin each machine's log anew."""
    for machine in machines:
        os.truncate(machine.log, 0)


def sessions(machine: Machine) -> Sessions:
    """Count by the server's own log what a client did since `forget` (sshd_config(5), LogLevel)."""
    said = machine.log.read_text(errors="replace")
    begins = [line.partition(":")[0].partition(" publickey")[0] for line in said.splitlines()]
    return Sessions(begins.count("Accepted"), begins.count("Starting session"))


def _write(path: pathlib.Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
