"""Debian, Ubuntu and their kin: apt-get(8), dpkg-query(1)."""

from __future__ import annotations

from typing import ClassVar

from labkit import shell
from labkit.families import base

# A name that is not found would be taken for a regular expression, and install what matches. A
# machine that has just booted may be upgrading itself (seconds to wait for dpkg's lock), and a
# configuration file that was changed is kept, as nobody is there to answer dpkg.
_APT = (
    "DEBIAN_FRONTEND=noninteractive apt-get -q -y"
    " -o APT::Cmd::Pattern-Only=true"
    " -o DPkg::Lock::Timeout=300"
    " -o Dpkg::Options::=--force-confdef"
    " -o Dpkg::Options::=--force-confold"
)


class Debian(base.Family):
    """Packages by apt-get."""

    name: ClassVar[str] = "debian"
    ids: ClassVar[frozenset[str]] = frozenset({"debian", "ubuntu"})

    def query(self, packages: tuple[str, ...]) -> str:
        """Print the names that dpkg has in the state 'installed'."""
        names = shell.argv(*packages)
        return (
            "dpkg-query -W -f '${db:Status-Status} ${Package}\\n' "
            f"-- {names} 2>/dev/null | sed -n 's/^installed //p'"
        )

    def install(
        self, packages: tuple[str, ...], repository: base.Repository | None
    ) -> tuple[str, ...]:
        """Read the package lists anew and install; Debian needs no extra repository."""
        del repository
        return (
            f"{_APT} update",
            f"{_APT} install --no-install-recommends -- {shell.argv(*packages)}",
        )
