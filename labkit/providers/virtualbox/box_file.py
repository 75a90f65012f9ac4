"""Whether the box of an image is there, or can be had: reached, and of the right digest."""

from __future__ import annotations

import hashlib
import pathlib
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers import base
from labkit.providers.virtualbox import knowledge
from labkit.render import boxes
from labkit.vagrant import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.vagrant import tool

_PATIENCE = 10.0
_UNPINNED = "boxes.yml has no sha256 for it, so nothing shows that it is the right file"


def look(box: boxes.Box) -> base.Finding:
    """Look at a box, unless Vagrant has it."""
    name, hints = f"box {box.name}", knowledge.known().hints
    if settings.has_box(box.name, "virtualbox"):
        return base.Finding(name, ok=True, detail="Vagrant has it")
    if box.url is None:
        detail = "Vagrant does not have it, and nothing says where it is"
        return base.Finding(name, ok=False, detail=detail, hint=hints["box"])
    wrong = _wrong(box.url, box.sha256)
    if wrong:
        return base.Finding(name, ok=False, detail=wrong, hint=hints["box"])
    detail = f"will be fetched from {box.url}"
    if box.sha256:
        return base.Finding(name, ok=True, detail=detail)
    local = path(box.url)
    hint = hints["pin_local"].format(digest=_digest(local)) if local else hints["pin"]
    detail = f"{detail}; {_UNPINNED}"
    return base.Finding(name, ok=True, detail=detail, hint=hint, doubt=base.Verdict.CHOICE)


def ensure(box: boxes.Box, vagrant: tool.Vagrant, narrate: Callable[[str], None]) -> None:
    """Let Vagrant have a box: fetch it, unless it is there.

    Raises:
        errors.ProviderError: Nothing says where it is, or Vagrant cannot fetch it.
    """
    if settings.has_box(box.name, "virtualbox"):
        return
    if box.url is None:
        raise errors.ProviderError(
            f"Vagrant has no box {box.name}, and nothing says where to get it",
            hint=f"'vagrant box add', or a url for it in {boxes.SHIPPED.name}",
        )
    unpinned = "" if box.sha256 else f"; {_UNPINNED}"
    narrate(f"box {box.name}: fetching it once from {box.url}{unpinned}")
    vagrant.add_box(box.name, box.url, box.sha256)


def path(url: str) -> pathlib.Path | None:
    """Return the local file that a URL names; None when it is somewhere else."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "file":
        return None
    return pathlib.Path(urllib.request.url2pathname(parts.path))  # pyright: ignore[reportDeprecated]


def _wrong(url: str, sha256: str | None) -> str:
    local = path(url)
    if local is None:
        return _unreachable(url)
    if not local.is_file():
        return f"{local} is not there"
    if sha256 and (found := _digest(local)) != sha256:
        return f"{local} has the digest {found} instead of {sha256}"
    return ""


def _digest(local: pathlib.Path) -> str:
    with local.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unreachable(url: str) -> str:
    """Ask for the box without fetching it; boxes.yml has https only."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - https, as boxes.yml checks
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE):  # noqa: S310 - as above
            return ""
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return f"{url} does not answer: {reason}"
