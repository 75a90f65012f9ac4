"""Enterprise Linux (AlmaLinux, Rocky, RHEL, CentOS) and Fedora: dnf(8), rpm(8), grubby(8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labkit import shell
from labkit.families import base

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class El(base.Family):
    """Packages by dnf, kernel lines by grubby."""

    name: ClassVar[str] = "el"
    ids: ClassVar[frozenset[str]] = frozenset({"rhel", "fedora", "centos", "almalinux", "rocky"})
    firewall: ClassVar[str] = "firewalld"
    virtualbox: ClassVar[str] = "RedHat_64"
    refresh: ClassVar[tuple[str, ...]] = ("dnf makecache",)

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

    def install_by_hand(
        self, packages: tuple[str, ...], repository: base.Repository | None
    ) -> tuple[str, ...]:
        """Install; an extra repository is described, switched off, and used for this call only."""
        if repository is None:
            return (shell.argv("dnf", "install", "-y", *packages),)
        files = f"/etc/yum.repos.d/{shell.quote(repository.id)}*.repo"
        return (
            shell.argv("dnf", "install", "-y", repository.package),
            f"sed -i 's/^enabled *= *1/enabled=0/' {files}",
            shell.argv("dnf", "install", "-y", f"--enablerepo={repository.id}", *packages),
        )

    def prepare_by_hand(self, *, selinux: bool) -> tuple[str, ...]:
        """Do nothing: a minimal installation has NetworkManager, SSH's server and SELinux."""
        del selinux
        return ()

    def describe(self, name: str, settings: Mapping[str, str], key: str) -> dict[str, str]:
        """Return the key, and the file that dnf.conf(5) describes under 'Repo options'."""
        kept = f"/etc/pki/rpm-gpg/RPM-GPG-KEY-{name}"
        options = {**settings, "gpgkey": f"file://{kept}"} if key else settings
        lines = "".join(f"{option}={value}\n" for option, value in options.items())
        file = {f"/etc/yum.repos.d/{name}.repo": f"[{name}]\n{lines}"}
        return {kept: key, **file} if key else file

    def boot_lines(self) -> str:
        """Print the lines of the boot loader's entries, and those that entries share (EL 8)."""
        entries = "/boot/loader/entries/*.conf /boot/grub2/grubenv"
        return (
            "if command -v grubby > /dev/null; "
            f"then grep -hs -e '^options ' -e '^kernelopts=' {entries} || :; fi"
        )

    def drop_boot_words(self, words: Sequence[str]) -> tuple[str, ...]:
        """Let grubby take them from every entry, and from those of kernels yet to come."""
        return (shell.argv("grubby", "--update-kernel", "ALL", "--remove-args", " ".join(words)),)
