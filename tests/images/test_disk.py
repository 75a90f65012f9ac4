"""From the tar of a system to a labelled disk, with real small file systems."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.images import disk, process

if TYPE_CHECKING:
    import pathlib


def test_no_label_is_no_command() -> None:
    assert list(disk.label_commands(b"/proc\t<<none>>\n/a\tu:r:t:s0\n")) == [
        'ea_set "/a" security.selinux "u:r:t:s0\\000"\n'
    ]


@pytest.mark.parametrize(
    "listing", [b"/a\nb\tl\n", b"nothing\n", b"a\tl\n", b"/a\x07\tl\n", b"/\xff\tl\n"]
)
def test_what_debugfs_cannot_take_is_refused(listing: bytes) -> None:
    with pytest.raises(errors.LabError, match=r"^a file name that debugfs cannot take: "):
        list(disk.label_commands(listing))


@pytest.fixture
def run(tmp_path: pathlib.Path) -> process.Logged:
    return process.Logged(tmp_path / "log")


def file_system(folder: pathlib.Path, run: process.Runner, *names: str) -> pathlib.Path:
    """Make a small file system; its first file is inode 12, 11 being lost+found."""
    (folder / "tree").mkdir()
    for name in names:
        (folder / "tree" / name).write_text("x")
    raw = folder / "raw"
    make = ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", str(folder / "tree")]
    run([*make, str(raw), "1M"])
    return raw


@pytest.mark.parametrize("name", ["plain", "a b", 'a"b', '"', "a'b", "a\\x2db", "ä", "a\\", "#a"])
def test_debugfs_takes_every_other_name(
    tmp_path: pathlib.Path, run: process.Logged, name: str
) -> None:
    raw = file_system(tmp_path, run, name)
    context = "system_u:object_r:etc_t:s0"
    disk.label(raw, f"/{name}\t{context}\n".encode(), run)
    out = tmp_path / "out"
    run(["debugfs", "-R", "ea_get <12> security.selinux", str(raw)], stdout=out)
    assert f'"{context}\\000"' in out.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "out", "raw", "tree"]


def test_a_label_that_could_not_be_written_is_a_failure(
    tmp_path: pathlib.Path, run: process.Logged
) -> None:
    raw = file_system(tmp_path, run, "there")
    with pytest.raises(errors.LabError) as caught:
        disk.label(raw, b"/there\tu:r:t:s0\n/missing\tu:r:t:s0\n", run)
    assert caught.value.message == (
        "debugfs could not write 1 labels, first: /missing: File not found by ext2_lookup "
    )


def test_a_system_without_a_kernel_cannot_boot(tmp_path: pathlib.Path, run: process.Logged) -> None:
    tar = tmp_path / "root.tar"
    with tarfile.open(tar, "w") as opened:
        opened.addfile(tarfile.TarInfo("./etc"))
    with pytest.raises(errors.LabError) as caught:
        disk.pack(tar, tmp_path, run, gib=2)
    assert caught.value.message == "expected one /boot/vmlinuz-* in the image, found 0"
