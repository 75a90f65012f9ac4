"""Host keys that a user's ssh trusts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from labkit import shell
from labkit.images import carried
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.families import base as family_base

_Names = Annotated[
    str,
    text.matching(
        r"[A-Za-z0-9\[:][A-Za-z0-9.:,_\[\]-]*", "a list of names such as 'web-01,192.168.56.61'"
    ),
]
_Key = Annotated[
    str,
    text.matching(r"[a-z0-9@.-]+ [A-Za-z0-9+/=]+", "a host key such as 'ssh-ed25519 AAAA...'"),
]


class KnownHosts(base.Operation[text.HomeFile]):
    """`known_hosts: {user: root, hosts: {"web-01,192.168.56.61": "ssh-ed25519 AAAA..."}}`.

    The listed hosts are trusted by the listed key and by no other; other lines stay.
    """

    unique: ClassVar[bool] = True

    user: text.User
    hosts: dict[_Names, _Key]

    def probe(self) -> str:
        """Print the user's home and the file."""
        return text.show_in_home(self.user, ".ssh/known_hosts")

    def read(self, output: str) -> text.HomeFile:
        """Read home and file."""
        return text.read_in_home(self.user, output)

    def diff(self, state: text.HomeFile) -> tuple[base.Change, ...]:
        """Rewrite the file when a line is missing, or another one speaks of our hosts."""
        wanted = self._wanted(state.text)
        if wanted == state.text:
            return ()
        folder = f"{state.home}/.ssh"
        path = f"{folder}/known_hosts"
        commands = (
            text.private_folder(self.user, folder),
            text.write(path, wanted),
            shell.argv("chown", self.user, path),
        )
        return (base.Change(path, state.text, wanted, commands),)

    def see(self) -> str:
        """Show the file."""
        return shell.line("cat ~{}/.ssh/known_hosts", self.user)

    def born(self, given: Mapping[str, str]) -> tuple[carried.File, ...]:
        """Add root's lines to those that are there; the number of other users is unknown."""
        if self.user != "root":
            return ()
        path = "/root/.ssh/known_hosts"
        return (carried.File(path, self._wanted(given.get(path, ""))),)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Forget what is known of the hosts, and add their keys."""
        del family
        if not self.hosts:
            return ()
        folder = f"{text.home(self.user)}/.ssh"
        file = f"{folder}/known_hosts"
        names = shell.argv(*(name for names in sorted(self.hosts) for name in names.split(",")))
        return (
            f"install -d -m 0700 -o {shell.quote(self.user)} {folder}",
            f"touch {file}",
            f'for name in {names}; do ssh-keygen -R "$name" -f {file}; done',
            shell.heredoc(f"cat >> {file}", "".join(f"{line}\n" for line in self._lines())),
            *([] if self.user == "root" else [f"chown {shell.quote(self.user)} {file}"]),
        )

    def _lines(self) -> list[str]:
        return [f"{names} {key}" for names, key in sorted(self.hosts.items())]

    def _wanted(self, current: str) -> str:
        ours = self._lines()
        kept: list[str] = []
        for line in text.split(current):
            kept.extend([line] if line in ours else self._without_our_names(line))
        kept.extend(line for line in ours if line not in kept)
        return "".join(f"{line}\n" for line in kept)

    def _without_our_names(self, line: str) -> list[str]:
        fields = line.split()
        # Before the names there may be a marker, such as @revoked.
        place = 1 if line.lstrip().startswith("@") else 0
        if not fields[place:]:
            return [line]
        ours = {name.lower() for names in self.hosts for name in names.split(",")}
        names = fields[place].split(",")
        rest = [name for name in names if name.lower() not in ours]
        if rest == names:
            return [line]
        return [" ".join((*fields[:place], ",".join(rest), *fields[place + 1 :]))] if rest else []
