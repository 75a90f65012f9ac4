"""Which images there are: one data file each, here or in a lab folder's `images/`.

Nothing is checked here, so that reading a lab file takes no time; `catalog` does it.
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, cast

import yaml

from labkit.spec import syntax

if TYPE_CHECKING:
    from collections.abc import Mapping

SHIPPED = pathlib.Path(__file__).with_name("catalog")


def names(*, folder: pathlib.Path | None = None) -> tuple[str, ...]:
    """Return the names of all images, sorted; `folder` is a lab folder that may add its own."""
    return tuple(sorted(files(folder)))


def files(folder: pathlib.Path | None) -> Mapping[str, pathlib.Path]:
    """Return the file of each image by its name; a lab folder's goes before a shipped one."""
    folders = [SHIPPED, *([folder / "images"] if folder else [])]
    return {file.stem: file for each in folders for file in sorted(each.glob("*.yml"))}


def disks(*, folder: pathlib.Path | None = None) -> dict[str, int]:
    """Return the GiB of the images whose files say it."""
    found = {name: _disk(file) for name, file in files(folder).items()}
    return {name: gib for name, gib in found.items() if gib}


def read(file: pathlib.Path) -> object:
    """Return what a file says, as it is.

    Raises:
        OSError, UnicodeDecodeError, yaml.YAMLError: It cannot be read.
    """
    return yaml.load(file.read_text(encoding="utf-8"), syntax.LOADER)  # noqa: S506 - a safe one


def _disk(file: pathlib.Path) -> int:
    """Return what a file says of the disk, right or wrong; 0 where it says nothing."""
    try:
        said = read(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return 0
    size = cast("dict[str, object]", said).get("disk_gib") if isinstance(said, dict) else 0
    return size if isinstance(size, int) else 0
