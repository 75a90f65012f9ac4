"""The cache: whole or absent, made once, one builder at a time."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING

import filelock
import pytest

from labkit import errors
from labkit.images import catalog, cloud, debian, store

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from labkit.images import process

CONTENT = b"QFI\xfb a disk"


@pytest.fixture(autouse=True)
def cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def lab(tmp_path: pathlib.Path) -> pathlib.Path:
    """A lab folder with an image `mine` that is a file beside it."""
    disk = tmp_path / "vendor.qcow2"
    disk.write_bytes(CONTENT)
    one = f"{{url: '{disk.as_uri()}', sha256: '{hashlib.sha256(CONTENT).hexdigest()}'}}"
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "mine.yml").write_text(
        f"kind: cloud\nuser: alma\nfiles: {{x86_64: {one}, aarch64: {one}}}\n"
    )
    return tmp_path


def nothing(_text: str) -> None:
    """Narrate to nobody."""


def temporary(cache: pathlib.Path) -> list[pathlib.Path]:
    return list((cache / "images").glob(".*"))


def test_a_cloud_image_is_made_once(lab: pathlib.Path, cache: pathlib.Path) -> None:
    said: list[str] = []
    image = store.ensure("mine", narrate=said.append, folder=lab)
    assert image.disk.read_bytes() == CONTENT
    assert (image.kernel, image.initrd, image.kernel_args) == (None, None, "")
    assert (image.name, image.user, image.seed) == ("mine", "alma", "nocloud")
    assert image.size == len(CONTENT)
    assert image.disk == cache / "images" / image.digest / "disk.qcow2"
    assert said[0] == "image mine: not in the cache yet, making it once"
    (lab / "vendor.qcow2").unlink()
    said.clear()
    assert store.ensure("mine", narrate=said.append, folder=lab) == image
    assert said == []
    assert store.list_images() == (image,)
    assert temporary(cache) == []


def test_an_image_that_is_not_whole_is_made_again(lab: pathlib.Path) -> None:
    image = store.ensure("mine", narrate=nothing, folder=lab)
    image.disk.write_bytes(CONTENT[:3])
    assert store.list_images() == ()
    assert store.ensure("mine", narrate=nothing, folder=lab) == image
    assert image.disk.read_bytes() == CONTENT


def test_a_failure_leaves_nothing(lab: pathlib.Path, cache: pathlib.Path) -> None:
    (lab / "vendor.qcow2").write_bytes(b"changed")
    with pytest.raises(errors.LabError, match="is not the file that the catalogue means"):
        store.ensure("mine", narrate=nothing, folder=lab)
    assert list((cache / "images").iterdir()) == []


def test_an_interruption_leaves_nothing(
    lab: pathlib.Path, cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_recipe: object, work: pathlib.Path, _narrate: object) -> None:
        (work / "disk.qcow2").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(cloud, "fetch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.ensure("mine", narrate=nothing, folder=lab)
    assert list((cache / "images").iterdir()) == []


def test_a_full_disk_is_an_expected_failure(
    lab: pathlib.Path, cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_recipe: object, _work: object, _narrate: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cloud, "fetch", full)
    with pytest.raises(errors.LabError) as caught:
        store.ensure("mine", narrate=nothing, folder=lab)
    assert caught.value.message == (
        "image mine could not be made: [Errno 28] No space left on device"
    )
    assert caught.value.hint == f"the cache is {cache}"


def test_what_a_killed_build_left_goes_with_the_next(
    lab: pathlib.Path, cache: pathlib.Path
) -> None:
    left = cache / "images" / ".building-killed"
    left.mkdir(parents=True)
    (left / "raw").write_bytes(b"half")
    store.ensure("mine", narrate=nothing, folder=lab)
    assert temporary(cache) == []


def test_a_second_builder_waits_and_says_for_whom(lab: pathlib.Path, cache: pathlib.Path) -> None:
    cache.mkdir()
    (cache / "images.builder").write_text("process 4711, which makes image debian-12\n")
    said: list[str] = []
    waiting = threading.Event()

    def narrate(text: str) -> None:
        said.append(text)
        waiting.set()

    with filelock.FileLock(cache / "images.lock"):
        second = threading.Thread(target=lambda: store.ensure("mine", narrate=narrate, folder=lab))
        second.start()
        assert waiting.wait(5)
        assert said == ["image mine: waiting for process 4711, which makes image debian-12"]
        assert not list((cache / "images").glob("[0-9a-f]*"))
    second.join()
    assert len(store.list_images()) == 1


def test_a_cache_that_cannot_be_written(
    lab: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "file"))
    with pytest.raises(errors.LabError) as caught:
        store.ensure("mine", narrate=nothing, folder=lab)
    assert caught.value.message.startswith("cannot write the image cache: ")
    assert caught.value.hint == "LAB_CACHE=/PATH in the environment puts it elsewhere"


def test_a_debian_image_boots_by_kernel(
    cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(
        _recipe: catalog.DebianRecipe,
        work: pathlib.Path,
        run: process.Runner,
        narrate: Callable[[str], None],
    ) -> None:
        run(["true"])
        narrate("built")
        for name in ("disk.qcow2", "vmlinuz", "initrd"):
            (work / name).write_text(name)

    monkeypatch.setattr(debian, "build", build)
    said: list[str] = []
    image = store.ensure("debian-12", narrate=said.append)
    assert image.kernel == image.disk.with_name("vmlinuz")
    assert image.initrd == image.disk.with_name("initrd")
    assert image.kernel_args == "root=LABEL=root rw security=selinux selinux=1"
    assert (image.user, image.seed) == ("lab", "fw_cfg")
    assert said[1] == "image debian-12: built"
    assert (cache / "log" / "image-debian-12.log").read_text() == "$ true\n"


def test_the_digest_follows_from_all_that_is_inside(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = catalog.get("debian-12")
    first = store.digest_of(recipe)
    assert first == store.digest_of(catalog.get("debian-12"))
    assert store.digest_of(recipe.model_copy(update={"packages": ("kmod",)})) != first
    monkeypatch.setattr(debian, "VERSION", debian.VERSION + 1)
    assert store.digest_of(recipe) != first
    monkeypatch.undo()
    guest = tmp_path / "guest"
    (guest / "files").mkdir(parents=True)
    (guest / "customize.sh").write_bytes((debian.GUEST / "customize.sh").read_bytes())
    monkeypatch.setattr(debian, "GUEST", guest)
    assert store.digest_of(recipe) != first


def test_a_damaged_description_is_no_image(lab: pathlib.Path) -> None:
    image = store.ensure("mine", narrate=nothing, folder=lab)
    about = image.disk.with_name("image.json")
    data = json.loads(about.read_bytes())
    assert data["files"] == {"disk.qcow2": len(CONTENT)}
    about.write_text("{")
    assert store.load(image.disk.parent) is None


def test_what_killed_builds_left_is_found_and_swept(cache: pathlib.Path) -> None:
    assert store.unfinished() == ()
    assert not cache.exists()
    left = cache / "images" / f"{store.TEMPORARY}x"
    left.mkdir(parents=True)
    (left / "tree").mkdir()
    whole = cache / "images" / "0abc"
    whole.mkdir()
    assert store.unfinished() == (left,)
    with filelock.FileLock(cache / "images.lock"):
        assert store.unfinished() == ()
        store.sweep()
    assert left.exists()
    store.sweep()
    assert list((cache / "images").iterdir()) == [whole]
