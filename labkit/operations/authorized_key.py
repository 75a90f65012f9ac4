"""A public key that may log in as a user (sshd(8), AUTHORIZED_KEYS FILE FORMAT)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated, ClassVar

from labkit import shell
from labkit.images import carried
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.families import base as family_base

# What a line without options begins with: a kind of key, or a comment's mark.
_PLAIN = ("#", "ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-")


class AuthorizedKey(base.Operation[text.HomeFile]):
    """`authorized_key: {user: root, key: "ssh-ed25519 AAAA... comment"}`."""

    unique: ClassVar[bool] = True

    user: text.User
    key: Annotated[
        str,
        text.matching(
            r"[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\x00\r\n]*)?",
            "a public key such as 'ssh-ed25519 AAAA... comment'",
        ),
    ]

    def probe(self) -> str:
        """Print the user's home and the file."""
        return text.show_in_home(self.user, ".ssh/authorized_keys")

    def read(self, output: str) -> text.HomeFile:
        """Read home and keys."""
        return text.read_in_home(self.user, output)

    def diff(self, state: text.HomeFile) -> tuple[base.Change, ...]:
        """Append the key unless it is there, whatever its comment, and take restrictions away.

        sshd obeys the first line that carries the key, and cloud images give root one with
        `command="echo Please login as ..."`: such a line is replaced.
        """
        lines = text.split(state.text)
        kept = self._wanted(lines)
        restricted = [line for line in lines if self._restricts(line)]
        if kept == lines:
            return ()
        folder = f"{state.home}/.ssh"
        path = f"{folder}/authorized_keys"
        commands = (
            text.private_folder(self.user, folder),
            text.write(path, "".join(f"{line}\n" for line in kept)),
            shell.argv("chmod", "0600", path),
            shell.argv("chown", self.user, path),
        )
        return (base.Change(path, "\n".join(restricted), self.key, commands),)

    def see(self) -> str:
        """Show the file, whose lines are public keys."""
        return shell.line("cat ~{}/.ssh/authorized_keys", self.user)

    def born(self, given: Mapping[str, str]) -> tuple[carried.File, ...]:
        """Add root's key to those that are there; the number of other users is unknown."""
        if self.user != "root":
            return ()
        path = "/root/.ssh/authorized_keys"
        kept = self._wanted(text.split(given.get(path, "")))
        return (carried.File(path, "".join(f"{line}\n" for line in kept), 0o600),)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Add the key, as ssh-copy-id(1) does."""
        del family
        folder = f"{text.home(self.user)}/.ssh"
        file = f"{folder}/authorized_keys"
        return (
            f"install -d -m 0700 -o {shell.quote(self.user)} {folder}",
            shell.line("grep -qsxF {} ", self.key)
            + f"{file} ||\n    {shell.line('echo {}', self.key)} >> {file}",
            f"chmod 0600 {file}",
            *([] if self.user == "root" else [f"chown {shell.quote(self.user)} {file}"]),
        )

    def _wanted(self, lines: list[str]) -> list[str]:
        kept = [line for line in lines if not self._restricts(line)]
        there = any(line.split()[:2] == self.key.split()[:2] for line in kept)
        return kept if there else [*kept, self.key]

    def _restricts(self, line: str) -> bool:
        """Say whether a line carries the key behind options."""
        kind, blob = self.key.split()[:2]
        fields = line.split()
        if not fields or fields[0].startswith(_PLAIN):
            return False
        return (kind, blob) in itertools.pairwise(fields)
