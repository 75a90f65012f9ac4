"""The cache of images: each is made once, kept under its recipe's digest, and never changed."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import platform
import shutil
import tempfile
import time
from typing import TYPE_CHECKING, Any, Literal, cast

import filelock
import platformdirs

from labkit import child, errors, shell
from labkit.images import catalog, cloud, debian, process

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

Seed = Literal["fw_cfg", "nocloud"]
FORMAT = 1
"""Of image.json and of the folder; part of every digest."""
TEMPORARY = ".building-"


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """An image in the cache."""

    name: str
    digest: str
    """SHA-256 of all that decides what is inside, in hexadecimal."""
    disk: pathlib.Path
    """A qcow2 file; machines use it as backing file and never write to it."""
    kernel: pathlib.Path | None
    """With `initrd`, what the hypervisor loads; None when the disk has a boot loader."""
    initrd: pathlib.Path | None
    kernel_args: str
    user: str
    """The account with passwordless sudo that the seed's keys open."""
    seed: Seed
    """How the image takes what makes a machine unique, see `labkit.images.seed`."""
    size: int
    """Bytes of all its files."""
    baked: tuple[str, ...] = ()
    """The profiles that were applied to it; none to an image as its recipe makes it."""


def root() -> pathlib.Path:
    """Return the cache's folder: LAB_CACHE, or `labkit` in the user's cache folder."""
    named = os.environ.get("LAB_CACHE")
    return pathlib.Path(named).absolute() if named else platformdirs.user_cache_path("labkit")


def ensure(
    name: str, *, narrate: Callable[[str], None], folder: pathlib.Path | None = None
) -> Image:
    """Return the image of a name, making it first when the cache has none.

    Args:
        name: A name of the catalogue.
        narrate: Told what is going on, a sentence at a time.
        folder: A lab folder whose `images/` adds to the catalogue.

    Raises:
        LabError: There is no such image, or it could not be made.
    """
    recipe = catalog.get(name, folder=folder)
    log = root() / "log" / f"image-{name}.log"

    def fill(work: pathlib.Path, narrate: Callable[[str], None]) -> Mapping[str, object]:
        if isinstance(recipe, catalog.DebianRecipe):
            debian.build(recipe, work, process.Logged(log), narrate)
            return {"user": recipe.user, "kernel_args": recipe.kernel_args, "seed": "fw_cfg"}
        cloud.fetch(recipe, work, narrate)
        return {"user": recipe.user, "kernel_args": "", "seed": "nocloud"}

    return keep(name, digest_of(recipe), fill, narrate)


def keep(
    name: str,
    digest: str,
    fill: Callable[[pathlib.Path, Callable[[str], None]], Mapping[str, object]],
    narrate: Callable[[str], None],
) -> Image:
    """Return the image of a digest, making it first when the cache has none.

    Args:
        name: What people call it.
        digest: Of all that decides what is inside.
        fill: Makes its files in a folder, narrating, and returns what image.json says of it.
        narrate: Told what is going on, a sentence at a time.

    Raises:
        LabError: It could not be made; nothing is left of it.
    """
    home = root() / "images" / digest
    found = load(home)
    if found:
        return found
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.LabError(
            f"cannot write the image cache: {error}",
            hint="LAB_CACHE=/PATH in the environment puts it elsewhere",
        ) from None
    with _only_builder(name, narrate):
        found = load(home)
        if found:
            return found
        _sweep(home.parent)
        started = time.monotonic()
        narrate(f"image {name}: not in the cache yet, making it once")
        _make(name, home, lambda work: fill(work, lambda text: narrate(f"image {name}: {text}")))
        narrate(f"image {name}: ready after {time.monotonic() - started:.0f} s")
    made = load(home)
    if made is None:
        raise errors.LabError(f"image {name} was made and is gone again: {home}")
    return made


def list_images() -> tuple[Image, ...]:
    """Return every image in the cache, by name; several of a name differ in their digest."""
    found = (load(home) for home in (root() / "images").glob("[0-9a-f]*"))
    return tuple(sorted((image for image in found if image), key=lambda i: (i.name, i.digest)))


def digest_of(recipe: catalog.Recipe) -> str:
    """Return the SHA-256 of a recipe and of all else that decides what the image holds."""
    total = hashlib.sha256()
    data = recipe.model_dump(mode="json")
    parts: list[object] = [FORMAT, platform.machine(), data]
    if isinstance(recipe, catalog.DebianRecipe):
        script = (debian.GUEST / "customize.sh").read_bytes()
        parts += [debian.VERSION, hashlib.sha256(script + debian.guest_tar()).hexdigest()]
    total.update(json.dumps(parts, sort_keys=True).encode())
    return total.hexdigest()


def load(home: pathlib.Path) -> Image | None:
    """Return the image of a folder; None when the folder is absent or not whole."""
    try:
        data = cast("dict[str, Any]", json.loads((home / "image.json").read_bytes()))
        sizes = {file: (home / file).stat().st_size for file in data["files"]}
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError):
        return None
    if sizes != data["files"]:
        return None
    boots = "vmlinuz" in sizes
    return Image(
        name=data["name"],
        digest=home.name,
        disk=home / "disk.qcow2",
        kernel=home / "vmlinuz" if boots else None,
        initrd=home / "initrd" if boots else None,
        kernel_args=data["kernel_args"],
        user=data["user"],
        seed=data["seed"],
        size=sum(sizes.values()),
        baked=tuple(data.get("baked", ())),
    )


def of_digest(digest: str) -> Image | None:
    """Return the image of a digest; None when the cache has none."""
    return load(root() / "images" / digest)


def unfinished() -> tuple[pathlib.Path, ...]:
    """Return what killed builds left; nothing while one is running."""
    if not (root() / "images").is_dir():
        return ()
    lock = filelock.FileLock(root() / "images.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return ()
    try:
        return tuple(sorted((root() / "images").glob(f"{TEMPORARY}*")))
    finally:
        lock.release()


def sweep() -> None:
    """Remove what killed builds left, unless a build is running.

    Raises:
        LabError: Something could not be removed.
    """
    lock = filelock.FileLock(root() / "images.lock")
    with contextlib.suppress(filelock.Timeout), lock.acquire(timeout=0):
        _sweep(root() / "images")


def remove(image: Image) -> None:
    """Remove an image, unless one is being made.

    Raises:
        LabError: It could not be removed.
    """
    lock = filelock.FileLock(root() / "images.lock")
    try:
        with lock.acquire(timeout=0):
            _remove(image.disk.parent)
    except filelock.Timeout:
        raise errors.LabError(
            f"image {image.name} stays while an image is being made", hint="try again afterwards"
        ) from None


def _make(
    name: str, home: pathlib.Path, fill: Callable[[pathlib.Path], Mapping[str, object]]
) -> None:
    """Build in a folder beside and rename it at the end, so that an image is whole or absent."""
    work = pathlib.Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=home.parent))
    try:
        facts = fill(work)
        files = {path.name: path.stat().st_size for path in sorted(work.iterdir())}
        about = {"name": name, **facts, "files": files}
        (work / "image.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        _publish(work, home)
    except OSError as error:
        raise errors.LabError(
            f"image {name} could not be made: {error}", hint=f"the cache is {root()}"
        ) from error
    finally:
        if work.exists():
            _remove(work)


def _publish(work: pathlib.Path, home: pathlib.Path) -> None:
    """Write everything to the disk, then give the folder its name."""
    for path in (*work.iterdir(), work):
        _sync(path)
    work.chmod(0o755)
    if home.exists():  # not whole, or `ensure` had returned it
        _remove(home)
    work.rename(home)
    _sync(home.parent)


def _sync(path: pathlib.Path) -> None:
    """Write a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _only_builder(name: str, narrate: Callable[[str], None]) -> Generator[None]:
    """Hold the cache's lock; while another process has it, say which."""
    lock = filelock.FileLock(root() / "images.lock")
    note = root() / "images.builder"
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        holder = note.read_text(encoding="utf-8").strip() if note.exists() else "another process"
        narrate(f"image {name}: waiting for {holder}")
        lock.acquire()
    try:
        note.write_text(f"process {os.getpid()}, which makes image {name}\n", encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _sweep(folder: pathlib.Path) -> None:
    """Remove what killed builds left; the lock is ours, so no build is running."""
    for left in folder.glob(f"{TEMPORARY}*"):
        _remove(left)


def _remove(path: pathlib.Path) -> None:
    """Remove a folder, which may hold files of mapped users."""
    try:
        shutil.rmtree(path)
    except PermissionError:
        child.run(process.as_root(["rm", "-rf", "--", str(path)]))
    if path.exists():
        raise errors.LabError(f"cannot remove {path}", hint=f"sudo rm -rf {shell.quote(path)}")
