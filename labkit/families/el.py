"""Enterprise Linux (AlmaLinux, Rocky, RHEL, CentOS) and Fedora: dnf(8), rpm(8)."""

from __future__ import annotations

from typing import ClassVar

from labkit import shell
from labkit.families import base


class El(base.Family):
    """Packages by dnf."""

    name: ClassVar[str] = "el"
    ids: ClassVar[frozenset[str]] = frozenset({"rhel", "fedora", "centos", "almalinux", "rocky"})

    def query(self, packages: tuple[str, ...]) -> str:
        """Print the names that rpm knows as installed."""
        names = shell.argv(*packages)
        # rpm prints 'package X is not installed' among the names; such a line has spaces.
        return f"rpm -q --qf '%{{NAME}}\\n' -- {names} | sed -n '/^[^ ]*$/p'"

    def install(
        self, packages: tuple[str, ...], repository: base.Repository | None
    ) -> tuple[str, ...]:
        """Install; an extra repository is described, switched off, and used for this call only."""
        names = shell.argv(*packages)
        if repository is None:
            return (f"dnf -y -q install -- {names}",)
        files = f"/etc/yum.repos.d/{shell.quote(repository.id)}*.repo"
        return (
            shell.line(
                "rpm -q -- {} > /dev/null || dnf -y -q install -- {}",
                repository.package,
                repository.package,
            ),
            f"sed -i 's/^enabled *= *1/enabled=0/' {files}",
            shell.line("dnf -y -q --enablerepo={} install -- ", repository.id) + names,
        )
