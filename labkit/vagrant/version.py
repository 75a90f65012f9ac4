"""Vagrant's version, and the oldest one that will do. Pure."""

from __future__ import annotations

import re
from typing import TypeAlias

from labkit import errors

Version: TypeAlias = tuple[int, ...]

DOWNLOAD = "https://developer.hashicorp.com/vagrant/install"
OLDEST: Version = (2, 2, 10)
"""The first one that sets the size of disks (Vagrant's changelog: "disks" in 2.2.8 to 2.2.10)."""

LOGS: Version = (2, 3, 4)
"""The oldest one that was seen to write its log into VAGRANT_LOG_FILE, and not among its errors."""

_SAID = re.compile(r"^Vagrant (\d+(?:\.\d+)+)", re.MULTILINE)


def parse(text: str) -> Version:
    """Return the numbers of `vagrant --version`, which may print warnings before.

    Raises:
        errors.ProviderError: There is no version in it.
    """
    found = _SAID.search(text)
    if not found:
        raise errors.ProviderError(
            f"'vagrant --version' says {text.strip()[:100]!r}, which is no version",
            hint=f"install Vagrant anew: {DOWNLOAD}",
        )
    return of(found[1])


def of(text: str) -> Version:
    """Return the first three numbers of a version; 2.3.8.dev is 2.3.8, 7.2.22r170995 is 7.2.22."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def shown(version: Version) -> str:
    """Write a version as people do."""
    return ".".join(map(str, version))


def require(version: Version, oldest: Version = OLDEST, why: str = "labkit") -> None:
    """Refuse a Vagrant that is too old.

    Args:
        version: The one that is installed.
        oldest: The first one that will do.
        why: Who needs that one.

    Raises:
        errors.ProviderError: It is older.
    """
    if version < oldest:
        raise errors.ProviderError(
            f"Vagrant {shown(version)} is too old: {why} needs {shown(oldest)} or newer",
            hint=f"install a newer one: {DOWNLOAD}",
        )
