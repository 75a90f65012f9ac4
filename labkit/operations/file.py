"""A file's content, mode and owner."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import pydantic

from labkit import secret, shell
from labkit.images import carried
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.families import base as family_base

# How OpenSSH begins a private key (PROTOCOL.key in its source).
_PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----"


@dataclasses.dataclass(frozen=True, slots=True)
class FileState:
    """What is there; every field is empty when nothing is."""

    mode: str
    owner: str
    digest: str
    content: str
    """Empty for a secret file, whose content is compared by digest and never fetched."""


_NOTHING = FileState("", "", "", "")


class File(base.Operation[FileState]):
    """`file: {path: /etc/motd, content: "Hello", mode: "0644", owner: root}`."""

    path: text.Path
    content: str | secret.Secret
    mode: text.Mode = "0644"
    owner: text.User = "root"

    @pydantic.field_validator("content")
    @classmethod
    def _text_only(cls, content: str | secret.Secret) -> str | secret.Secret:
        if "\0" in (content.reveal() if isinstance(content, secret.Secret) else content):
            raise ValueError("a file's content is text, without NUL bytes")
        return content

    @property
    def _text(self) -> str:
        content = self.content
        return content.reveal() if isinstance(content, secret.Secret) else content

    def probe(self) -> str:
        """Print mode, owner and kind; for a file, its content, or its digest when it is secret."""
        plain = "base64 -w0 < {}; echo"
        look = "sha256sum < {}" if isinstance(self.content, secret.Secret) else plain
        status = shell.line("stat -L -c '%a %U %F' {}", self.path)
        # Only a file is opened: reading a FIFO would wait for ever.
        inside = shell.line(f"if [ -f {{}} ]; then {look}; fi", self.path, self.path)
        return shell.line("if [ -e {} ]; then ", self.path) + f"{status}; {inside}; fi"

    def read(self, output: str) -> FileState:
        """Read the two lines; none at all when there is no file."""
        if not output.strip():
            return _NOTHING
        status = text.split(output)[0].split(" ", 2)
        if len(status) != len(("mode", "owner", "kind")):
            raise base.FactError(f"expected a file's mode, owner and kind, got {output[:200]!r}")
        mode, owner, kind = status
        if kind not in ("regular file", "regular empty file"):
            raise base.FactError(
                f"{self.path} should be a file, but it is a {kind}",
                hint=f"look at it ({shell.argv('ls', '-ld', self.path)}) and move it away",
            )
        _, shown = text.lines(output, 2)
        mode = mode.rjust(4, "0")
        if isinstance(self.content, secret.Secret):
            return FileState(mode, owner, shown.partition(" ")[0], "")
        content = text.data(shown)
        digest = hashlib.sha256(content).hexdigest()
        return FileState(mode, owner, digest, content.decode(errors="replace"))

    def diff(self, state: FileState) -> tuple[base.Change, ...]:
        """Mend mode and owner, or make the file with them, before the content is there to read."""
        changes: list[base.Change] = []
        if state.mode and state.mode != self.mode:
            chmod = shell.argv("chmod", self.mode, self.path)
            changes.append(base.Change(f"mode of {self.path}", state.mode, self.mode, (chmod,)))
        if state.owner and state.owner != self.owner:
            chown = shell.argv("chown", self.owner, self.path)
            changes.append(base.Change(f"owner of {self.path}", state.owner, self.owner, (chown,)))
        if state.digest != hashlib.sha256(self._text.encode()).hexdigest():
            before, after = state.content, self._text
            if isinstance(self.content, secret.Secret):
                before, after = ("(secret)" if state.digest else ""), "(secret)"
            write = text.write(self.path, self._text)
            commands = (write,) if state.digest else (self._make(), write)
            changes.append(base.Change(self.path, before, after, commands))
        return tuple(changes)

    def see(self) -> str:
        """Show mode, owner, and the content unless it is secret."""
        look = shell.argv("ls", "-l", self.path)
        if isinstance(self.content, secret.Secret):
            return look  # the screen may be shared
        return f"{look}; {shell.argv('cat', self.path)}"

    def born(self, given: Mapping[str, str]) -> tuple[carried.File, ...]:
        """Be there from the first boot; the number of other owners than root is unknown."""
        del given
        if self.owner != "root":
            return ()
        return (carried.File(self.path, self._text, int(self.mode, 8)),)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Type the content; in the place of a secret, say how one's own gets there.

        A private key of SSH is made by ssh-keygen. Any other secret is written with an editor: the
        command is a comment, since it waits for a person.
        """
        del family
        owner = [] if self.owner == "root" else [shell.argv("chown", self.owner, self.path)]
        if not isinstance(self.content, secret.Secret):
            write = [text.typed(self.path, self.content)]
        elif self._text.startswith(_PRIVATE_KEY):
            make = "[ -e {} ] || ssh-keygen -q -t ed25519 -N '' -f {}"
            write = [shell.line(make, self.path, self.path)]
        else:
            empty = shell.line("[ -e {} ] || ", self.path) + self._make()
            write = [empty, f"# {shell.argv('vi', self.path)}"]
        return (*write, shell.argv("chmod", self.mode, self.path), *owner)

    def _make(self) -> str:
        return shell.argv("install", "-m", self.mode, "-o", self.owner, "/dev/null", self.path)
