"""libvirt of the tests' own: nothing of the host's is touched, nothing is left behind."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import system

if TYPE_CHECKING:
    from collections.abc import Generator

_SCRIPT = pathlib.Path(__file__).with_name("libvirtd.sh")
_FOLDERS = tuple(
    map(
        pathlib.Path, ("/etc/libvirt", "/var/cache/libvirt", "/var/lib/libvirt", "/var/log/libvirt")
    )
)
PROGRAMS = (
    "dnsmasq", "ip", "iptables", "libvirtd", "nsenter", "qemu-img", "qemu-system-x86_64", "ssh",
    "unshare", "vagrant", "virsh", "virtlogd",
)  # fmt: skip
_UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


@dataclasses.dataclass(frozen=True)
class Host:
    """The namespaces, by the first process in them."""

    pid: int
    vagrant_home: pathlib.Path

    def enter(self, folder: pathlib.Path) -> tuple[str, ...]:
        """Return what a command begins with that runs inside, in a folder."""
        target = ("nsenter", f"--target={self.pid}", "--net", "--mount", "--pid")
        return (*target, f"--wd={folder}", "--", "env", f"VAGRANT_HOME={self.vagrant_home}")

    def run(self, *words: str, stdin: str = "", folder: pathlib.Path = pathlib.Path("/")) -> str:
        done = subprocess.run(
            [*self.enter(folder), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def virsh(self, *words: str, stdin: str = "") -> str:
        return self.run("virsh", "--quiet", "--connect", "qemu:///system", *words, stdin=stdin)

    def names(self, kind: str) -> list[str]:
        """Return the names of all domains (`list`) or networks (`net-list`)."""
        return sorted(self.virsh(kind, "--all", "--name").split())

    def volumes(self) -> list[str]:
        self.virsh("pool-refresh", "default")
        return sorted(line.split()[0] for line in self.virsh("vol-list", "default").splitlines())


def unavailable() -> str:
    """Say why there can be no libvirt here; empty when there can."""
    if os.geteuid() != 0:
        return "namespaces of its own need root"
    if absent := system.missing(*PROGRAMS):
        return f"not installed: {', '.join(absent)}; './lab test' installs it"
    tried = subprocess.run(
        [*_UNSHARE, "ip", "link", "add", "name", "try0", "type", "bridge"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        return f"no bridge can be made in a namespace: {tried.stderr.strip()}"
    listed = subprocess.run(
        ["vagrant", "plugin", "list"], capture_output=True, text=True, check=False
    )
    if "vagrant-libvirt" not in listed.stdout:
        return "Vagrant has no plugin vagrant-libvirt; './lab test' installs it"
    return ""


@contextlib.contextmanager
def host(folder: pathlib.Path) -> Generator[Host]:
    """Start libvirt in a folder, and end all that runs for it."""
    # The folders over which its own are put have to be there.
    lent = [each for each in _FOLDERS if not each.exists()]
    for each in lent:
        each.mkdir()
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *system.SBIN))
    with subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", *_UNSHARE, "sh", str(_SCRIPT), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PATH": path},
    ) as process:
        try:
            assert process.stdin
            assert process.stdout
            said = ""
            while not said.endswith("ready\n"):
                line = process.stdout.readline()
                if not line:
                    pytest.fail(f"libvirt did not start: {said}")
                said += line
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
            yield Host(int(children.read_text(encoding="utf-8")), folder / "vagrant")
        finally:
            process.kill()
    for each in lent:
        each.rmdir()
    shutil.rmtree(folder)
