"""Which baked images are still used, and by whom."""

from __future__ import annotations

import json
import os
import struct
from typing import TYPE_CHECKING

import filelock
import pytest

from labkit import errors, workspace
from labkit.images import bakers, store
from labkit.lifecycle import bake, context, gc
from labkit.providers import gc as machines
from tests.lifecycle.conftest import LAB

if TYPE_CHECKING:
    import pathlib

    from labkit.workspace import registry


@pytest.fixture(autouse=True)
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of the test's own, where nothing runs."""

    def find(_: object = None) -> list[machines.Found]:
        return []

    monkeypatch.setattr(machines, "find", find)
    for name in ("HOME", "LAB_STATE", "LAB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    """A lab file of one machine."""
    made = tmp_path / "course" / "lab.yml"
    made.parent.mkdir()
    made.write_text(LAB.replace("ansible-01", "#"))
    return made


def _image(digest: str, *profiles: str) -> store.Image:
    home = store.root() / "images" / digest
    home.mkdir(parents=True)
    (home / "disk.qcow2").write_bytes(b"disk")
    about = {"name": "debian-12", "user": "lab", "kernel_args": "", "seed": "fw_cfg",
             "baked": profiles, "files": {"disk.qcow2": 4}}  # fmt: skip
    (home / "image.json").write_text(json.dumps(about))
    found = store.load(home)
    assert found is not None
    return found


def _wanted(file: pathlib.Path) -> store.Image:
    """Put the image in the cache that a lab file's machine would begin with."""
    opened = context.open_lab(file)
    (wanted,) = bake.wanted(opened, opened.lab.machines)
    bakers.enter(wanted.digest, file)
    return _image(wanted.digest, "base")


def _find(here: pathlib.Path) -> list[tuple[str, str, bool]]:
    return [(each.what, each.why, each.remove is not None) for each in gc.find(here)]


def _what(image: store.Image) -> str:
    return f"the baked image debian-12 ({image.digest[:12]}, 0 MB)"


def test_images_of_the_catalogue_stay(tmp_path: pathlib.Path) -> None:
    image = _image("a" * 64)
    assert gc.find(tmp_path) == []
    assert image.disk.exists()


def test_one_that_nobody_uses_is_removed(tmp_path: pathlib.Path, file: pathlib.Path) -> None:
    left, kept = _image("b" * 64, "base"), _image("c" * 64)
    bakers.enter(left.digest, file.with_name("gone.yml"))
    assert _find(tmp_path) == [(_what(left), "no lab uses it any more", True)]
    assert gc.remove(gc.find(tmp_path)) == {}
    assert gc.find(tmp_path) == []
    assert not left.disk.parent.exists()
    assert kept.disk.exists()
    assert list(bakers.files(left.digest)) == []


def test_the_lab_file_that_it_was_baked_for_wants_it(
    tmp_path: pathlib.Path, file: pathlib.Path
) -> None:
    image = _wanted(file)
    assert _find(tmp_path) == [(_what(image), f"machines of {file} begin with it", False)]
    file.write_text(file.read_text() + "defaults: {disk: 9 GiB}\n")
    assert _find(tmp_path) == [(_what(image), "no lab uses it any more", True)]
    file.unlink()
    assert _find(tmp_path) == [(_what(image), "no lab uses it any more", True)]


def test_in_doubt_it_is_used(tmp_path: pathlib.Path, file: pathlib.Path) -> None:
    image = _wanted(file)
    file.write_text("lab: [\n")
    said = f"it was baked for {file}, which cannot be read now"
    assert _find(tmp_path) == [(_what(image), said, False)]


def test_another_file_wants_it_too(tmp_path: pathlib.Path, file: pathlib.Path) -> None:
    image = _wanted(file)
    other = file.with_name("other.yml")
    other.write_text(file.read_text().replace("memory", "another"))
    bakers.enter(image.digest, other)
    file.unlink()
    assert _find(tmp_path) == [(_what(image), f"machines of {other} begin with it", False)]


def _lab_with_a_disk(folder: pathlib.Path, image: store.Image) -> registry.Entry:
    space = workspace.Workspace(folder, "demo")
    space.make()
    (folder / "lab.yml").write_text("lab: demo\n")
    disk = space.machine("web-01") / "disk.qcow2"
    disk.parent.mkdir(parents=True)
    name = os.fsencode(image.disk)
    disk.write_bytes(struct.pack(">4sIQI", b"QFI\xfb", 3, 20, len(name)) + name)
    return space.entry


def test_a_machine_was_made_from_it(tmp_path: pathlib.Path) -> None:
    image = _image("d" * 64, "base")
    entry = _lab_with_a_disk(tmp_path / "lab", image)
    said = f"web-01 of lab 'demo' in {entry.folder} was made from it"
    assert _find(tmp_path)[-1] == (_what(image), said, False)
    (workspace.Workspace(entry.folder, "demo").machine("web-01") / "disk.qcow2").unlink()
    assert _find(tmp_path)[-1] == (_what(image), "no lab uses it any more", True)


def test_somebody_elses(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = _image("e" * 64, "base")
    monkeypatch.setattr(os, "geteuid", lambda: image.disk.stat().st_uid + 1)
    assert _find(tmp_path) == [(_what(image), "another user has baked it", False)]


def test_one_while_another_is_being_made(tmp_path: pathlib.Path) -> None:
    image = _image("f" * 64, "base")
    items = gc.find(tmp_path)
    with filelock.FileLock(store.root() / "images.lock"):
        failed = gc.remove(items)
    assert list(failed.values()) == ["image debian-12 stays while an image is being made"]
    assert image.disk.exists()
    gc.remove(items)
    assert not image.disk.exists()


def test_under_a_folder_only_labs_are_looked_at(tmp_path: pathlib.Path) -> None:
    _image("f" * 64, "base")
    assert gc.find(tmp_path, tmp_path) == []


def test_a_cache_that_takes_nothing(
    tmp_path: pathlib.Path, file: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "file"))
    bakers.enter("f" * 64, file)
    assert list(bakers.files("f" * 64)) == []
    with pytest.raises(errors.LabError):
        workspace.write(tmp_path / "file" / "x", "")
