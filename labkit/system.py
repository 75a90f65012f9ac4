"""Programs of the host that labkit needs, and how to get them."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from labkit import child, errors, shell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PACKAGES: Mapping[str, str] = {
    "ansible": "ansible-core",
    "busybox": "busybox-static",
    "createrepo_c": "createrepo-c",
    "debugfs": "e2fsprogs",
    "dnsmasq": "dnsmasq-base",
    "dnf": "dnf",
    "dpkg-deb": "dpkg",
    "dropbear": "dropbear-bin",
    "dropbearconvert": "dropbear-bin",
    "findmnt": "util-linux",
    "go": "golang-go",
    "libvirtd": "libvirt-daemon",  # which starts no service, as libvirt-daemon-system does
    "mke2fs": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "newuidmap": "uidmap",
    "qemu-img": "qemu-utils",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-system-x86_64": "qemu-system-x86",
    "ip": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "pivot_root": "util-linux",
    "rpm": "rpm",
    "rpmbuild": "rpm",
    "rpmsign": "rpm",
    "ruby": "ruby",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "systemctl": "systemd",
    "systemd-nspawn": "systemd-container",
    "tar": "tar",
    "unshare": "util-linux",
    "vagrant": "vagrant",
    "virsh": "libvirt-clients vagrant-libvirt",  # labkit needs both, and the second has no program
    "virtlogd": "libvirt-daemon",
    "xargs": "findutils",
    "xorriso": "xorriso",
    "/usr/share/gocode/src/github.com/vmware/govmomi": "golang-github-vmware-govmomi-dev",
}
"""Programs, and the Debian packages that ship them; a program without a line is its own.

A path stands for something that is no program, a library above all.
"""
SBIN = ("/usr/sbin", "/sbin")
"""Folders of system programs, which users often lack on PATH."""
TAIL = 12
"""Lines of a failed installation that the error shows."""


def is_root() -> bool:
    """Say whether labkit runs as root; Windows has no such user."""
    if sys.platform == "win32":
        return False
    return os.geteuid() == 0


def missing(*programs: str) -> tuple[str, ...]:
    """Return programs that are neither on PATH nor in /usr/sbin and /sbin, and absent paths."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *SBIN))
    return tuple(program for program in programs if not _is_there(program, path))


def _is_there(program: str, path: str) -> bool:
    if pathlib.PurePosixPath(program).is_absolute():
        return pathlib.Path(program).exists()
    return shutil.which(program, path=path) is not None


def install_argv(programs: Sequence[str]) -> list[str]:
    """Return the command that installs the packages of some programs."""
    packages = sorted({name for each in programs for name in PACKAGES.get(each, each).split()})
    return ["apt-get", "install", "-y", "--no-install-recommends", *packages]


def require(*programs: str) -> None:
    """Make sure that programs are there, installing them where that is allowed.

    Root gets them installed: at once without a terminal, after a question with one.
    LAB_INSTALL=no forbids it.

    Raises:
        LabError: Some are missing and were not installed; the hint has the command.
    """
    absent = missing(*programs)
    if not absent:
        return
    if not missing("apt-get") and _may_install(absent):
        _install(install_argv(absent), run_apt)
        absent = missing(*absent)
    if absent:
        raise refusal(absent, apt=not missing("apt-get"), root=is_root())


def refusal(absent: Sequence[str], *, apt: bool, root: bool) -> errors.LabError:
    """Return the error that names what is missing and the command that gets it."""
    command = shell.argv(*install_argv(absent))
    return errors.LabError(
        f"not installed: {', '.join(absent)}",
        hint=f"{'' if root else 'sudo '}{command}"
        if apt
        else "install them with this system's package manager",
    )


def _may_install(absent: Sequence[str]) -> bool:
    """Decide whether to install, asking where there is somebody to ask."""
    if os.environ.get("LAB_INSTALL") == "no" or not is_root():
        return False
    command = shell.argv(*install_argv(absent))
    if not sys.stdin.isatty():
        print(f"not installed: {', '.join(absent)}; running: {command}", file=sys.stderr)  # noqa: T201 - a person must see what changes the host
        return True
    answer = input(f"not installed: {', '.join(absent)}. Run {command}? [y/N] ")
    return answer.strip().lower() in {"y", "yes"}


def _install(
    command: Sequence[str], run: Callable[[Sequence[str]], subprocess.CompletedProcess[str]]
) -> None:
    """Install, with fresh package lists when it does not work without.

    Raises:
        LabError: It did not work.
    """
    if run(command).returncode == 0:
        return
    run(["apt-get", "update"])
    result = run(command)
    if result.returncode:
        lines = "\n".join(f"    {line}" for line in result.stdout.splitlines()[-TAIL:])
        raise errors.LabError(
            f"{shell.argv(*command)} failed with {result.returncode}; its last lines:\n{lines}",
            hint="run it by hand; apt-get update shows whether the package mirror answers",
        )


def run_apt(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run apt-get, which must not ask anything."""
    return child.run(command, stderr=subprocess.STDOUT, env={"DEBIAN_FRONTEND": "noninteractive"})
