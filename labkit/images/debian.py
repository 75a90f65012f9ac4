"""Build a Debian image from the distribution's packages.

No boot loader is needed, since the hypervisor loads kernel and initrd itself, and nothing is
mounted, so that an ordinary user can do all of it in a user namespace.
"""

from __future__ import annotations

import getpass
import io
import os
import pathlib
import platform
import shutil
import sys
import tarfile
from typing import TYPE_CHECKING

from labkit import child, errors, shell, system
from labkit.images import disk

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.images import catalog, process

VERSION = 1
"""Part of the digest: a change of what this module does makes new images."""
GUEST = pathlib.Path(__file__).with_name("guest")
PROGRAMS = ("mmdebstrap", "tar", "setpriv", *disk.PROGRAMS)
ARCHITECTURES: dict[str, catalog.Architecture] = {"x86_64": "amd64", "aarch64": "arm64"}
"""What uname(1) says, and what Debian calls it."""
# The guest's programs refuse these when others may read or write them.
MODES = {
    "etc/sudoers.d/labkit": 0o440,
    "etc/NetworkManager/system-connections/labkit-first-boot.nmconnection": 0o600,
    "usr/lib/labkit/seed": 0o755,
}
UNREAD = ("man", "doc", "locale", "info", "lintian", "bash-completion")
"""Folders of /usr/share that nobody in a lab reads."""


def build(
    recipe: catalog.DebianRecipe,
    work: pathlib.Path,
    run: process.Runner,
    narrate: Callable[[str], None],
) -> None:
    """Make disk.qcow2, vmlinuz and initrd in the folder `work`."""
    root = system.is_root()
    system.require(*PROGRAMS, *(() if root else ("newuidmap", "unshare")))
    if not root:
        check_subordinate_ids()
    guest = work / "guest.tar"
    guest.write_bytes(guest_tar())
    tar = work / "root.tar"
    sources = "".join(f"{line}\n" for line in find_sources(recipe))
    narrate("installing the packages")
    argv = mmdebstrap_argv(recipe, guest, tar, root=root, sources=bool(sources))
    run(argv, stdin=sources.encode())
    narrate("making the disk")
    disk.pack(tar, work, run, gib=recipe.disk_gib)
    guest.unlink()


def mmdebstrap_argv(
    recipe: catalog.DebianRecipe,
    guest: pathlib.Path,
    tar: pathlib.Path,
    *,
    root: bool,
    sources: bool = True,
) -> list[str]:
    """Return the command that installs the packages.

    With `sources` it reads sources.list(5) on stdin, else it uses mmdebstrap's default mirror.
    """
    packages = [*recipe.packages, recipe.kernel[_architecture(recipe)]]
    script = (GUEST / "customize.sh").read_text(encoding="utf-8")
    return [
        "mmdebstrap",
        "--variant=minbase",
        f"--mode={'root' if root else 'unshare'}",
        '--aptopt=APT::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
        "--dpkgopt=force-unsafe-io",
        # The guest's own configuration is there first; packages must not ask about it.
        "--dpkgopt=force-confold",
        *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in UNREAD),
        f"--include={','.join(packages)}",
        f"--essential-hook={shell.line('tar-in {} /', guest)}",
        f'--customize-hook=chroot "$1" sh -c {shell.quote(script)}',
        "--format=tar",
        recipe.suite,
        str(tar),
        *(["-"] if sources else []),
    ]


def guest_tar() -> bytes:
    """Pack guest/files with fixed owners, modes and times."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        files = GUEST / "files"
        for path in sorted(files.rglob("*")):
            if path.is_file():
                name = path.relative_to(files).as_posix()
                content = path.read_bytes()
                info = tarfile.TarInfo(name)
                info.size = len(content)
                info.mode = MODES.get(name, 0o644)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def find_sources(recipe: catalog.DebianRecipe) -> tuple[str, ...]:
    """Return lines of sources.list(5): LAB_MIRROR's, else the host's own, else none."""
    mirror = os.environ.get("LAB_MIRROR")
    if mirror:
        return from_mirror(recipe.archives, mirror)
    if not shutil.which("apt-get"):
        return ()
    listed = child.run(
        [
            *("apt-get", "indextargets"),
            *("--format", "deb $(REPO_URI) $(CODENAME) $(COMPONENT)"),
            *("Created-By: Packages", "Origin: Debian"),
        ],
        timeout=60,
    ).stdout
    return own_sources(listed, recipe.suite)


def own_sources(listed: str, suite: str) -> tuple[str, ...]:
    """Keep the host's lines of this release; none when it runs another one."""
    kept = {
        line
        for line in listed.splitlines()
        if line.split()[2:3] and line.split()[2].split("-")[0] == suite
    }
    complete = any(line.split()[2] == suite for line in kept)
    return tuple(sorted(kept)) if complete else ()


def from_mirror(archives: tuple[str, ...], mirror: str) -> tuple[str, ...]:
    """Return the lines for a mirror's address.

    Raises:
        LabError: The address is none that apt can fetch from.
    """
    if not mirror.startswith(("http://", "https://", "file:///")) or mirror.split() != [mirror]:
        raise errors.LabError(
            f"LAB_MIRROR is not a mirror's address: {mirror!r}",
            hint="the address holds debian/ and debian-security/, for example "
            "http://mirror.example",
        )
    return tuple(f"deb {mirror.rstrip('/')}/{archive}" for archive in archives)


def check_subordinate_ids(folder: pathlib.Path = pathlib.Path("/etc")) -> None:
    """Make sure that this user may map further ids, see subuid(5).

    Raises:
        LabError: There are none.
    """
    name, number = getpass.getuser(), _user_id()
    owners = (f"{name}:", f"{number}:")
    for file in ("subuid", "subgid"):
        path = folder / file
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if not any(line.startswith(owners) for line in lines):
            raise errors.LabError(
                f"user {name} has no line in {path}, so it cannot build an image",
                hint="sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
                f"{shell.quote(name)}",
            )


def _user_id() -> int:
    return -1 if sys.platform == "win32" else os.geteuid()


def _architecture(recipe: catalog.DebianRecipe) -> catalog.Architecture:
    """Return this host's Debian architecture.

    Raises:
        LabError: The recipe has no kernel for it.
    """
    machine = platform.machine()
    name = ARCHITECTURES.get(machine)
    if name is None or name not in recipe.kernel:
        raise errors.LabError(
            f"this image cannot be built for {machine}",
            hint=f"it names kernels for: {', '.join(sorted(recipe.kernel))}",
        )
    return name
