"""Fetch a vendor's cloud image, and keep it only when its digest is the catalogue's."""

from __future__ import annotations

import hashlib
import platform
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Protocol, cast

from labkit import errors

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from labkit.images import catalog

TIMEOUT = 60.0
"""Seconds without a byte after which the server counts as gone."""
CHUNK = 1 << 20
EVERY = 10.0
"""Seconds between two words about progress."""
MAGIC = b"QFI\xfb"
"""The first bytes of a qcow2 file, see qemu's docs/interop/qcow2.txt."""


class _Response(Protocol):
    headers: dict[str, str]

    def read(self, amount: int, /) -> bytes: ...


def fetch(recipe: catalog.CloudRecipe, work: pathlib.Path, narrate: Callable[[str], None]) -> None:
    """Make disk.qcow2 in the folder `work`.

    Raises:
        LabError: It cannot be fetched, has another digest or is no qcow2 file; nothing is kept.
    """
    machine = platform.machine()
    file = next((file for name, file in recipe.files.items() if name == machine), None)
    if file is None:
        raise errors.LabError(
            f"this image does not exist for {machine}",
            hint=f"there are files for: {', '.join(sorted(recipe.files))}",
        )
    disk = work / "disk.qcow2"
    try:
        download(file, disk, narrate)
    except BaseException:
        disk.unlink(missing_ok=True)
        raise


def download(file: catalog.CloudFile, disk: pathlib.Path, narrate: Callable[[str], None]) -> None:
    """Copy one file and check it.

    Raises:
        LabError: It is not the file that the catalogue means.
    """
    narrate(f"fetching {file.url}")
    try:
        with urllib.request.urlopen(file.url, timeout=TIMEOUT) as response:  # noqa: S310 - the catalogue allows https and file only
            found = _copy(cast("_Response", response), disk, narrate)
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", None) or error
        raise errors.LabError(
            f"cannot fetch {file.url}: {reason}",
            hint="look at the address with a browser; a file that is here already is named by "
            "file:///PATH in images/NAME.yml",
        ) from None
    if found != file.sha256:
        raise errors.LabError(
            f"{file.url} is not the file that the catalogue means:\n"
            f"    expected sha256 {file.sha256}\n    found    sha256 {found}",
            hint="fetch again in case it broke off; if the vendor replaced the file, put the new "
            "digest into images/NAME.yml beside lab.yml",
        )
    with disk.open("rb") as opened:
        if opened.read(len(MAGIC)) != MAGIC:
            raise errors.LabError(
                f"{file.url} is not a qcow2 file",
                hint="convert it with qemu-img convert -O qcow2, and name the result by file:///PATH",
            )


def _copy(response: _Response, disk: pathlib.Path, narrate: Callable[[str], None]) -> str:
    """Write to disk what comes in; return its SHA-256."""
    total = hashlib.sha256()
    length = int(response.headers.get("Content-Length") or 0)
    done = 0
    spoken = time.monotonic()
    with disk.open("wb") as out:
        while chunk := response.read(CHUNK):
            out.write(chunk)
            total.update(chunk)
            done += len(chunk)
            if time.monotonic() - spoken >= EVERY:
                spoken = time.monotonic()
                of = f" of {length >> 20}" if length else ""
                narrate(f"fetched {done >> 20}{of} MiB")
    return total.hexdigest()
