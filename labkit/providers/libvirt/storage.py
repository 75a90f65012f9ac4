"""Volumes: each image once for all labs of this host, and a machine's disk, seed and console.

They are in a pool of libvirt's, where its QEMU may read and write them: a user's own folders are
closed to it, by owner and by AppArmor or SELinux.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import filelock

from labkit import errors
from labkit.images import seed as seeds
from labkit.images import store
from labkit.providers.libvirt import virsh
from labkit.providers.qemu import program
from labkit.render import libvirt

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.plan import model

_UPLOAD = 1800.0
"""Seconds for half a gigabyte, also where libvirt is far away or busy."""


def is_of(domain: str, name: str) -> bool:
    """Say whether a volume has the name of one of a machine's. Pure.

    virtlogd(8) keeps a long console in several files: .log, .log.0, .log.1 and so on.
    """
    log = libvirt.volume(domain, "log")
    own = {libvirt.volume(domain, "img"), libvirt.volume(domain, "seed"), log}
    extra = name.removeprefix(f"{domain}.extra-")
    return name in own or name.startswith(f"{log}.") or (extra != name and extra.isdecimal())


def refusal(name: str) -> errors.ProviderError | None:
    """Return why a pool that is not there cannot be made: only one has a place of its own. Pure."""
    if name == "default":
        return None
    return errors.ProviderError(
        f"libvirt has no pool '{name}'",
        hint="'virsh pool-list --all' shows the pools; providers.libvirt.pool names one",
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Pool:
    """A pool of libvirt's, by its name."""

    name: str

    def ensure(self) -> pathlib.PurePosixPath:
        """Start the pool, make it where it is the default one, and return its folder.

        Raises:
            errors.ProviderError: There is no such pool.
        """
        known = virsh.run("pool-list", "--all", "--name").split()
        if self.name not in known:
            self._make()
        if self.name not in virsh.run("pool-list", "--name").split():
            virsh.run("pool-start", self.name)
        return self.folder()

    def _make(self) -> None:
        if refused := refusal(self.name):
            raise refused
        virsh.run("pool-define-as", self.name, "dir", "--target", str(libvirt.POOL))
        virsh.run("pool-build", self.name)

    def folder(self) -> pathlib.PurePosixPath:
        """Ask for the folder of its volumes."""
        root = ET.fromstring(virsh.run("pool-dumpxml", self.name))  # noqa: S314 - as above
        return pathlib.PurePosixPath(root.findtext("target/path", str(libvirt.POOL)))

    def volumes(self) -> set[str]:
        """Ask for the names of all volumes; none where there is no such pool, or it is off."""
        if self.name not in virsh.run("pool-list", "--name").split():
            return set()
        # A console is a file that QEMU makes, of which libvirt learns when it looks again.
        self._refresh()
        lines = virsh.run("vol-list", self.name).splitlines()
        return {line.split()[0] for line in lines if line.strip()}

    def _refresh(self) -> None:
        """Have libvirt look into the folder, which it refuses while it is making a volume."""
        virsh.steady(lambda: virsh.run("pool-refresh", self.name))

    def provide(
        self, image: store.Image, names: libvirt.Image, narrate: Callable[[str], None]
    ) -> None:
        """Bring an image's files in, once for all labs."""
        pairs = [(names.disk, image.disk), (names.kernel, image.kernel)]
        pairs.append((names.initrd, image.initrd))
        # Two runs at once must not write the same volume.
        with filelock.FileLock(store.root() / "libvirt.lock"):
            known = self.volumes()
            for name, file in pairs:
                if file is None:
                    continue
                if name in known and self._size(name) == file.stat().st_size:
                    continue
                narrate(f"image {image.name}: bringing {file.name} into libvirt's pool")
                self.put(name, file)

    def put(self, name: str, file: pathlib.Path) -> None:
        """Make a volume of a file; one of that name is replaced."""
        self.remove(name)
        kind, size = shape(file)
        virsh.run("vol-create-as", self.name, name, str(size), "--format", kind)
        # A volume that was cut short is told by its size: it grows with what has arrived.
        virsh.run("vol-upload", name, str(file), "--pool", self.name, timeout=_UPLOAD)

    def seed(self, name: str, identity: seeds.Seed, kind: seeds.Kind, folder: pathlib.Path) -> None:
        """Make the disk with what makes a machine unique; nothing of it stays in the folder."""
        raw, packed = folder / "seed", folder / "seed.qcow2"
        try:
            seeds.write(identity, kind, raw)
            packed.touch(mode=0o600)  # it holds the machine's private host key
            compact(raw, packed)
            self.put(name, packed)
        finally:
            raw.unlink(missing_ok=True)
            packed.unlink(missing_ok=True)

    def disks(self, lab: model.Lab, machine: model.Machine, image: libvirt.Image) -> None:
        """Make a machine's disk, which keeps only what differs from the image, and empty ones."""
        words = ("--backing-vol", image.disk, "--backing-vol-format", "qcow2")
        name = libvirt.volume(libvirt.domain(lab.name, machine.name), "img")
        self._blank(name, machine.disk_gib, *words)
        for each, gib in libvirt.disks(lab, machine).items():
            self._blank(each, gib)

    def _blank(self, name: str, gib: int, *words: str) -> None:
        virsh.run("vol-create-as", self.name, name, f"{gib}GiB", "--format", "qcow2", *words)

    def read(self, name: str, target: pathlib.Path) -> str:
        """Return a volume's text; empty when it cannot be had."""
        with contextlib.suppress(errors.LabError, OSError):
            self._refresh()
            virsh.run("vol-download", name, str(target), "--pool", self.name)
            return target.read_text(encoding="utf-8", errors="replace")
        return ""

    def of(self, domain: str) -> set[str]:
        """Ask for the volumes that have the names of a machine's."""
        return {name for name in self.volumes() if is_of(domain, name)}

    def remove(self, *names: str) -> None:
        """Remove those of these volumes that exist.

        Raises:
            errors.ProviderError: libvirt refused.
        """
        for name in sorted(set(names) & self.volumes()):
            virsh.run("vol-delete", name, "--pool", self.name)

    def _size(self, name: str) -> int:
        words = ("vol-dumpxml", name, "--pool", self.name)
        root = ET.fromstring(virsh.run(*words))  # noqa: S314 - as above
        return int(root.findtext("physical", "0"))


def compact(raw: pathlib.Path, target: pathlib.Path) -> None:
    """Write a file as qcow2: a snapshot of a machine is one of all its disks, and raw has none."""
    program.run(["qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", str(raw), str(target)])


def shape(file: pathlib.Path) -> tuple[str, int]:
    """Return a file's format, and the bytes of the disk in it."""
    with file.open("rb") as opened:
        head = opened.read(32)
    if not head.startswith(b"QFI\xfb"):
        return "raw", 0
    # qcow2's docs/interop/qcow2.txt: bytes 24 to 31, big-endian.
    return "qcow2", int.from_bytes(head[24:32])
