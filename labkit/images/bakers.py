"""For which lab files each baked image was made: a small file for each pair, beside the images.

They only say where to look. Whether an image is still wanted is decided by reading the lab file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import shutil
from typing import TYPE_CHECKING

from labkit import errors, workspace
from labkit.images import store

if TYPE_CHECKING:
    from collections.abc import Iterator


def enter(digest: str, file: pathlib.Path) -> None:
    """Remember that a lab file has an image baked; without a word where that cannot be written."""
    path = os.fsencode(file.absolute())
    with contextlib.suppress(OSError, errors.LabError):
        folder = _folder(digest)
        folder.mkdir(parents=True, exist_ok=True)
        workspace.write(folder / hashlib.sha256(path).hexdigest()[:24], os.fsdecode(path))


def files(digest: str) -> Iterator[pathlib.Path]:
    """Yield the lab files that had an image baked, also those that are gone."""
    for path in sorted(_folder(digest).glob("*")):
        with contextlib.suppress(OSError):
            yield pathlib.Path(os.fsdecode(path.read_bytes()))


def leave(digest: str) -> None:
    """Forget an image."""
    shutil.rmtree(_folder(digest), ignore_errors=True)


def _folder(digest: str) -> pathlib.Path:
    return store.root() / "baked" / digest
