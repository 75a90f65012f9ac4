"""A pair of SSH keys that is made on the machine, where its private half stays (ssh-keygen(1))."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, ClassVar

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.families import base as family_base

_KIND = "ssh-ed25519"
_PRIVATE_MODE = "0600"
_PUBLIC_MODE = "0644"

_Part = r"(?:\.?[A-Za-z0-9_][A-Za-z0-9._-]*)"


@dataclasses.dataclass(frozen=True, slots=True)
class Half:
    """Mode and owner of one of the two files."""

    mode: str
    owner: str


@dataclasses.dataclass(frozen=True, slots=True)
class PairState:
    """The user's home, and the two files (None: not there)."""

    home: str
    private: Half | None = None
    public: Half | None = None
    line: str = ""
    """The public file's first line."""
    derived: str = ""
    """The public key that belongs to the private one; what ssh-keygen says when there is none."""


class KeyPair(base.Operation[PairState]):
    """`key_pair: {user: root, path: .ssh/id_ed25519}`.

    The keys are of the kind ed25519 and have no passphrase. A private key that is there stays, and
    never leaves the machine; the public file is made anew when it does not belong to it.
    """

    unique: ClassVar[bool] = True

    user: text.User
    path: Annotated[
        str, text.matching(rf"{_Part}(?:/{_Part})*", "a path below the home, as '.ssh/id_ed25519'")
    ] = ".ssh/id_ed25519"
    """The private key's place below the user's home; the public one has `.pub` at its end."""
    comment: (
        Annotated[str, text.matching(r"[^\x00-\x1f\x7f]{0,200}", "a comment in one line")] | None
    ) = None
    """What the public key ends with; left out: USER@HOST for a new pair, else whatever is there."""

    @property
    def _parts(self) -> tuple[str, str]:
        folder, _, name = self.path.rpartition("/")
        return folder, name

    def probe(self) -> str:
        """Print home, public key, both files' mode and owner, and which public key is right."""
        folder, name = self._parts
        # ssh-keygen refuses a file that others can read, but not a pipe. `read` and `cd` are the
        # shell's own.
        return (
            f"entry=$({shell.argv('getent', 'passwd', self.user)}); entry=${{entry%:*}}; "
            "printf '%s\\n' \"${entry##*:}\"; "
            f'if cd "${{entry##*:}}"/{folder} 2>/dev/null; then line=; '
            f"if [ -f {name}.pub ]; then IFS= read -r line < {name}.pub; fi; "
            "printf '%s\\n' \"$line\"; "
            f"stat -L -c '%a %U %n %F' {name} {name}.pub 2>/dev/null; echo {text.ABSENT}; "
            f"if [ -f {name} ]; then cat {name} | ssh-keygen -y -P '' -f /dev/stdin; fi; fi"
        )

    def read(self, output: str) -> PairState:
        """Read home, public key, files, and what ssh-keygen says of the private key."""
        home, *rest = text.split(output) or [""]
        if not home:
            raise base.FactError(
                f"the machine has no user '{self.user}'",
                hint="write another user, or make this one by the operation 'user' before",
            )
        if not rest:
            return PairState(home)
        line, *rest = rest
        if text.ABSENT not in rest:
            raise base.FactError(f"expected two files' modes and owners, got {output[:200]!r}")
        place = rest.index(text.ABSENT)
        halves = dict(self._half(home, each) for each in rest[:place])
        name = self._parts[1]
        derived = "\n".join(rest[place + 1 :])
        return PairState(home, halves.get(name), halves.get(f"{name}.pub"), line, derived)

    def _half(self, home: str, line: str) -> tuple[str, Half]:
        words = line.split(" ", 3)
        if len(words) != len(("mode", "owner", "name", "kind")):
            raise base.FactError(f"expected a file's mode, owner, name and kind, got {line!r}")
        mode, owner, name, kind = words
        if kind not in ("regular file", "regular empty file"):
            path = f"{home}/{self.path}{'.pub' if name.endswith('.pub') else ''}"
            raise base.FactError(
                f"{path} should be a file, but it is a {kind}",
                hint=f"look at it ({shell.argv('ls', '-ld', path)}) and move it away",
            )
        return name, Half(mode.rjust(4, "0"), owner)

    def diff(self, state: PairState) -> tuple[base.Change, ...]:
        """Make the pair, or mend modes and owners and the public file of the one that is there."""
        path = f"{state.home}/{self.path}"
        if state.private is None:
            make = base.Change(path, "", "a pair of keys", tuple(self._make(state.home, path)))
            return (make,)
        changes = list(self._mend(path, state.private, _PRIVATE_MODE))
        wanted = self._wanted(path, state)
        if state.public is None or state.line != wanted:
            commands = (text.write(f"{path}.pub", f"{wanted}\n"), *self._own(path, "public"))
            changes.append(base.Change(f"{path}.pub", state.line, wanted, commands))
        else:
            changes += self._mend(f"{path}.pub", state.public, _PUBLIC_MODE)
        return tuple(changes)

    def _make(self, home: str, path: str) -> Iterator[str]:
        folder, _ = self._parts
        if folder:
            full = f"{home}/{folder}"
            there = shell.line("[ -d {} ]", full)
            yield f"{there} || {text.private_folder(self.user, full)}"
        # The user's name is plain, or quoted.
        comment = (
            shell.quote(self.comment)
            if self.comment is not None
            else shell.line('{}@"$(uname -n)"', self.user)
        )
        yield f"ssh-keygen -q -t ed25519 -N '' -C {comment} {shell.argv('-f', path)}"
        yield from (*self._own(path, "private"), *self._own(path, "public"))

    def _own(self, path: str, half: str) -> tuple[str, str]:
        mode, end = (_PRIVATE_MODE, "") if half == "private" else (_PUBLIC_MODE, ".pub")
        file = f"{path}{end}"
        return shell.argv("chmod", mode, file), shell.argv("chown", self.user, file)

    def _mend(self, path: str, half: Half, mode: str) -> Iterator[base.Change]:
        if half.mode != mode:
            chmod = shell.argv("chmod", mode, path)
            yield base.Change(f"mode of {path}", half.mode, mode, (chmod,))
        if half.owner != self.user:
            chown = shell.argv("chown", self.user, path)
            yield base.Change(f"owner of {path}", half.owner, self.user, (chown,))

    def _wanted(self, path: str, state: PairState) -> str:
        """Return the line that the public file should have."""
        kind, _, rest = state.derived.partition(" ")
        blob, _, embedded = rest.partition(" ")
        if state.derived.endswith(": not found"):
            raise base.FactError(
                f"nothing can tell which public key belongs to {path}: {state.derived[:200]!r}",
                hint="install ssh-keygen (openssh-client, or openssh) in an operation before",
            )
        if kind != _KIND or "\n" in state.derived:
            raise base.FactError(
                f"{path} is no ed25519 key without a passphrase: {state.derived[:200]!r}",
                hint="move it away, and labkit makes another; or write another path",
            )
        there = state.line.split(" ", 2)
        if self.comment is not None:
            comment = self.comment
        elif there[:2] == [kind, blob]:
            comment = "".join(there[2:])
        else:
            comment = embedded
        same = there[:2] == [kind, blob] and "".join(there[2:]) == comment
        return state.line if same else " ".join(filter(None, (kind, blob, comment)))

    def see(self) -> str:
        """Show both files' mode and owner; nobody's screen shows a private key."""
        folder, name = self._parts
        path = f"~{shell.quote(self.user)}/{folder}/{name}"
        return f"ls -l {path} {path}.pub"

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Make the pair as the user whose it is."""
        del family
        folder, _ = self._parts
        home = text.home(self.user)
        file = f"{home}/{self.path}"
        user = "" if self.user == "root" else shell.line("runuser -u {} -- ", self.user)
        comment = "" if self.comment is None else f" {shell.argv('-C', self.comment)}"
        make = f"{user}ssh-keygen -q -t ed25519 -N ''{comment} -f {file}"
        folders = (f"{user}mkdir -p -m 0700 {home}/{folder}",) if folder else ()
        return (*folders, f"[ -e {file} ] || {make}")
