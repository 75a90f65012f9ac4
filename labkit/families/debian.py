"""Debian, Ubuntu and their kin: apt-get(8), dpkg-query(1), sources.list(5), update-grub(8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from labkit import shell
from labkit.families import base

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

_GRUB = "/boot/grub/grub.cfg"


class Debian(base.Family):
    """Packages by apt-get, kernel lines by GRUB."""

    name: ClassVar[str] = "debian"
    ids: ClassVar[frozenset[str]] = frozenset({"debian", "ubuntu"})
    firewall: ClassVar[str] = "nftables"
    virtualbox: ClassVar[str] = "Debian_64"
    refresh: ClassVar[tuple[str, ...]] = ("apt-get update",)

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

    def install_by_hand(
        self, packages: tuple[str, ...], repository: base.Repository | None
    ) -> tuple[str, ...]:
        """Read the package lists anew and install."""
        del repository
        return (
            "apt-get update",
            shell.argv("apt-get", "install", "-y", "--no-install-recommends", *packages),
        )

    def prepare_by_hand(self, *, selinux: bool) -> tuple[str, ...]:
        """Hand the cards over to NetworkManager, which leaves those of interfaces(5) alone."""
        wanted = ("network-manager", "openssh-server", "sudo", "python3")
        policy = ("selinux-basics", "selinux-policy-default", "auditd") if selinux else ()
        return (
            *self.install_by_hand((*wanted, *policy), None),
            shell.heredoc("cat > /etc/network/interfaces", "auto lo\niface lo inet loopback\n"),
            *(("selinux-activate",) if selinux else ()),
            "reboot",
        )

    def describe(self, name: str, settings: Mapping[str, str], key: str) -> dict[str, str]:
        """Return the key, and a file of the format deb822 that trusts this key only."""
        keyring = f"/etc/apt/keyrings/{name}.asc"
        fields = {**settings, "Signed-By": keyring} if key else settings
        lines = "".join(f"{field}: {value}\n" for field, value in fields.items())
        sources = {f"/etc/apt/sources.list.d/{name}.sources": lines}
        return {keyring: key, **sources} if key else sources

    def boot_lines(self) -> str:
        """Print what GRUB will start Linux with."""
        return (
            f"if [ -e {_GRUB} ] && command -v update-grub > /dev/null; "
            f"then grep '^[[:space:]]*linux' {_GRUB} || :; fi"
        )

    def drop_boot_words(self, words: Sequence[str]) -> tuple[str, ...]:
        """Take them from the lines of /etc/default/grub, and make GRUB's menu anew."""
        programs: list[str] = []
        for index, word in enumerate(words):
            # One word may follow the other, and share the space with it: so it is a loop.
            cut = rf"""s/(["' =]){re.escape(word)}(["' ]|$)/\1\2/"""
            programs.append(f"/^GRUB_CMDLINE_LINUX/{{:{index};{cut};t{index}}}")
        edit = shell.argv("sed", "-i", "-E", *(part for each in programs for part in ("-e", each)))
        files = "for file in /etc/default/grub /etc/default/grub.d/*.cfg"
        return (f'{files}; do if [ -e "$file" ]; then {edit} "$file"; fi; done', "update-grub")
