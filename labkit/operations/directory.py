"""A directory with its mode and owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from labkit.families import base as family_base


class Directory(base.Operation[str]):
    """`directory: {path: /srv/log, mode: "0755", owner: root}`."""

    path: text.Path
    mode: text.Mode = "0755"
    owner: text.User = "root"

    def probe(self) -> str:
        """Print mode, owner and kind, of the directory itself where the path is a link to one."""
        return shell.line("stat -L -c '%a %U %F' {} 2>/dev/null || echo", self.path)

    def read(self, output: str) -> str:
        """Return `MODE OWNER` of the directory; empty when nothing is there."""
        found = output.strip()
        if not found:
            return ""
        words = found.split(" ", 2)
        if len(words) != len(("mode", "owner", "kind")):
            raise base.FactError(f"expected a mode, an owner and a kind, got {output[:200]!r}")
        mode, owner, kind = words
        if kind != "directory":
            raise base.FactError(
                f"{self.path} should be a directory, but it is a {kind}",
                hint=f"look at it ({shell.argv('ls', '-ld', self.path)}) and move it away",
            )
        return f"{mode.rjust(4, '0')} {owner}"

    def diff(self, state: str) -> tuple[base.Change, ...]:
        """Make it, or mend its mode and owner."""
        wanted = f"{self.mode} {self.owner}"
        if state == wanted:
            return ()
        # GNU keeps a directory's set-group-ID bit unless the mode has five digits or more.
        make = shell.argv("install", "-d", "-m", f"0{self.mode}", "-o", self.owner, self.path)
        return (base.Change(self.path, state, wanted, (make,)),)

    def see(self) -> str:
        """Show mode and owner."""
        return shell.argv("ls", "-ld", self.path)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Make it, then set mode and owner."""
        del family
        owner = [] if self.owner == "root" else [shell.argv("chown", self.owner, self.path)]
        return (
            shell.argv("mkdir", "-p", self.path),
            shell.argv("chmod", self.mode, self.path),
            *owner,
        )
