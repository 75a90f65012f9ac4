"""Turn the tar of a system into a disk with SELinux labels, a kernel and an initrd.

mke2fs(8) fills the file system from a folder and debugfs(8) writes the labels into it: neither
needs a mount, a loop device or a kernel with SELinux.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from labkit import errors
from labkit.images import process

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

PROGRAMS = ("mke2fs", "debugfs", "qemu-img")
BOOT = {"vmlinuz": "vmlinuz-*", "initrd": "initrd.img-*"}
"""What the hypervisor loads, and what it is called in the image's /boot."""


def pack(tar: pathlib.Path, work: pathlib.Path, run: process.Runner, *, gib: int) -> None:
    """Make disk.qcow2, vmlinuz and initrd in the folder `work`, using up the tar.

    Args:
        tar: The system; the policy in it decides the labels.
        work: The folder, which needs room for the tree and the disk.
        run: Runs the programs.
        gib: Size of the disk, of which unused space takes none.

    Raises:
        LabError: A program failed, or the system is not one that can boot.
    """
    tree, raw = work / "tree", work / "raw"
    _unpack(tar, tree, run)
    for name, pattern in BOOT.items():
        found = sorted((tree / "boot").glob(pattern))
        if len(found) != 1:
            raise errors.LabError(f"expected one /boot/{pattern} in the image, found {len(found)}")
        shutil.copyfile(found[0], work / name)
    listing = _labels(tree, run)
    options = "lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0"
    make = ["mke2fs", "-q", "-t", "ext4", "-L", "root", "-m", "0", "-E", options]
    run(process.as_root([*make, "-d", str(tree), str(raw), f"{gib}G"]))
    run(process.as_root(["rm", "-rf", "--", str(tree)]))
    label(raw, listing, run)
    run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(work / "disk.qcow2")])
    raw.unlink()


def label(raw: pathlib.Path, listing: bytes, run: process.Runner) -> None:
    """Write labels into a file system.

    Args:
        raw: A file that holds an ext4 file system.
        listing: What matchpathcon(8) printed.
        run: Runs the programs.

    Raises:
        LabError: A label could not be written.
    """
    commands, said, wrong = (raw.with_name(f"debugfs.{end}") for end in ("in", "out", "err"))
    commands.write_text("".join(label_commands(listing)), encoding="utf-8")
    run(["debugfs", "-w", "-f", str(commands), str(raw)], stdout=said, stderr=wrong)
    # debugfs exits with 0 whatever happens to its commands; its first line is its version.
    faults = wrong.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    if faults:
        raise errors.LabError(
            f"debugfs could not write {len(faults)} labels, first: {faults[0]}",
            hint=f"is the disk of {raw.parent} full?",
        )
    for path in (commands, said, wrong):
        path.unlink()


def label_commands(listing: bytes) -> Iterator[str]:
    """Turn what matchpathcon(8) printed into commands of debugfs(8).

    Raises:
        LabError: A path or label cannot be said to debugfs, whose commands are lines.
    """
    for line in listing.decode("utf-8", errors="surrogateescape").splitlines():
        path, tab, context = line.rpartition("\t")
        if not tab or not path.startswith("/") or not (path + context).isprintable():
            raise errors.LabError(
                f"a file name that debugfs cannot take: {line!r}",
                hint="leave out the package that ships it",
            )
        if context != "<<none>>":
            # ss(3) ends a quoted word at a quotation mark; a doubled one stands for itself.
            quoted = path.replace('"', '""')
            yield f'ea_set "{quoted}" security.selinux "{context}\\000"\n'


def _unpack(tar: pathlib.Path, tree: pathlib.Path, run: process.Runner) -> None:
    """Unpack the system with its owners and file capabilities."""
    tree.mkdir()
    command = ["tar", "--extract", f"--file={tar}", f"--directory={tree}", "--numeric-owner"]
    # Nobody makes device nodes in a user namespace, and the guest's kernel fills /dev itself.
    run(
        process.as_root(
            [*command, "--xattrs", "--xattrs-include=security.capability", "--exclude=./dev/*"]
        )
    )
    tar.unlink()


def _labels(tree: pathlib.Path, run: process.Runner) -> bytes:
    """Ask the system's own policy for the label of each of its files."""
    out = tree.with_name("labels")
    find = ["find", "/", "-xdev", "-exec", "matchpathcon", "{}", "+"]
    run(process.as_root(["chroot", str(tree), *find]), stdout=out)
    listing = out.read_bytes()
    out.unlink()
    return listing
