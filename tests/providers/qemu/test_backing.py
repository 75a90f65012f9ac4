"""A disk says which image it was made from."""

from __future__ import annotations

import dataclasses
import json
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.providers.qemu import backing

if TYPE_CHECKING:
    import pathlib

    from labkit.plan import model


@pytest.fixture
def home(tmp_path: pathlib.Path) -> pathlib.Path:
    """An image in a cache."""
    folder = tmp_path / "images" / "0abc"
    folder.mkdir(parents=True)
    (folder / "disk.qcow2").write_bytes(b"disk")
    about = {"name": "mine", "user": "lab", "kernel_args": "", "seed": "fw_cfg",
             "files": {"disk.qcow2": 4}}  # fmt: skip
    (folder / "image.json").write_text(json.dumps(about))
    return folder


def _disk(path: pathlib.Path, name: bytes, place: int = 20, magic: bytes = b"QFI\xfb") -> None:
    path.write_bytes(struct.pack(">4sIQI", magic, 3, place, len(name)) + name)


def test_it_is_found(tmp_path: pathlib.Path, home: pathlib.Path) -> None:
    _disk(tmp_path / "disk", str(home / "disk.qcow2").encode())
    found = backing.image(tmp_path / "disk")
    assert found is not None
    assert (found.name, found.digest) == ("mine", "0abc")
    (home / "disk.qcow2").unlink()
    assert backing.image(tmp_path / "disk") is None


@pytest.mark.skipif(not shutil.which("qemu-img"), reason="qemu-img is not installed")
def test_a_real_disk(tmp_path: pathlib.Path, home: pathlib.Path) -> None:
    words = ["qemu-img", "create", "-q", "-f", "qcow2", "-u", "-F", "qcow2", "-b"]
    subprocess.run([*words, str(home / "disk.qcow2"), str(tmp_path / "disk"), "1G"], check=True)
    found = backing.image(tmp_path / "disk")
    assert found is not None
    assert found.name == "mine"


@pytest.mark.parametrize(
    "content",
    [b"", b"QFI\xfb", struct.pack(">4sIQI", b"QFI\xfb", 3, 0, 0), b"\xff" * 64,
     struct.pack(">4sIQI", b"QFI\xfb", 3, 1 << 40, 9)],
    ids=["empty", "short", "none", "rubbish", "beyond"],
)  # fmt: skip
def test_what_names_none(tmp_path: pathlib.Path, content: bytes) -> None:
    (tmp_path / "disk").write_bytes(content)
    assert backing.image(tmp_path / "disk") is None
    assert backing.image(tmp_path / "absent") is None


def test_an_image_that_does_not_fit(tmp_path: pathlib.Path, default_lab: model.Lab) -> None:
    machine = dataclasses.replace(default_lab.machines[0], disk_gib=3)
    disk = tmp_path / "disk"
    for size, fits in ((3 << 30, True), ((3 << 30) + 1, False), (4 << 30, False)):
        disk.write_bytes(struct.pack(">4sIQIIQ", b"QFI\xfb", 3, 0, 0, 16, size))
        if fits:
            backing.refuse_larger(machine, disk)
            continue
        with pytest.raises(errors.ProviderError) as caught:
            backing.refuse_larger(machine, disk)
        assert caught.value.message == (
            "the disk of ansible-01 has 3 GiB, and image 'debian-12' has 4 GiB"
        )
        assert caught.value.hint == "let 'disk' be 4 GiB or more"
    disk.write_bytes(b"")
    backing.refuse_larger(machine, disk)
