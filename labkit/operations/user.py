"""A user of the machine (useradd(8), usermod(8), passwd(5), shadow(5))."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from typing import TYPE_CHECKING, Annotated, ClassVar

import pydantic

from labkit import secret, shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labkit.families import base as family_base

# What useradd takes on every distribution.
_Name = Annotated[str, text.matching(r"[a-z_][a-z0-9_-]{0,31}", "a user's name")]
_Group = Annotated[str, text.matching(r"[A-Za-z_][A-Za-z0-9_.-]*", "a group's name")]
_Comment = Annotated[
    str, text.matching(r"[^:\x00-\x1f\x7f]*", "a comment in one line, without a colon")
]
_Path = Annotated[
    str, text.matching(r"(/[^/:\x00-\x1f\x7f]+)+", "an absolute path without a colon")
]
_HASH = re.compile(r"\$[./A-Za-z0-9$=,+_-]{8,}")

_HIDDEN = "(secret)"
_NO_PASSWORD = frozenset(hashlib.sha256(each).hexdigest() for each in (b"", b"*"))
"""Digests of what stands in the place of a hash where nobody can log in by password."""


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """A line of passwd(5)."""

    uid: int
    gid: int
    comment: str
    home: str
    shell: str


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """A line of group(5)."""

    gid: int
    members: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class UserState:
    """What is there; no account: no such user."""

    account: Account | None
    home: bool
    """The wanted home is a folder."""
    locked: bool
    digest: str
    """SHA-256 of the password's hash, without the '!' of a locked one; empty: not looked at."""
    groups: Mapping[str, Group]


class User(base.Operation[UserState]):
    """`user: {name: student, shell: /bin/bash, groups: [video]}`.

    What is left out is not looked at, and as useradd makes it for a new user: with a home folder
    and a group of its own. Groups must exist; packages bring them.
    """

    side_effects: ClassVar[bool] = True
    model_config = pydantic.ConfigDict(hide_input_in_errors=True)

    name: _Name
    uid: Annotated[int, pydantic.Field(ge=1, le=2**32 - 2)] | None = None
    groups: tuple[_Group, ...] = ()
    """Supplementary groups; the user stays in others unless `exact_groups`."""
    exact_groups: bool = False
    shell: _Path | None = None
    home: _Path | None = None
    """The home folder; it is made when it is not there, or moved when it is another one."""
    comment: _Comment | None = None
    password: str | secret.Secret | None = None
    """The password's hash (crypt(5)), as `openssl passwd -6` makes it; it is kept secret."""
    locked: bool | None = None
    """Whether the password is locked; when a password is given, it is not unless this says so."""

    @pydantic.field_validator("password")
    @classmethod
    def _hash(cls, password: str | secret.Secret | None) -> secret.Secret | None:
        if password is None:
            return None
        found = password.reveal() if isinstance(password, secret.Secret) else password
        plain = found.removesuffix("\n")
        if not _HASH.fullmatch(plain):
            raise ValueError(
                "a password is a hash that begins with '$', as 'openssl passwd -6' makes it"
            )
        return secret.Secret(plain)

    @property
    def _wanted_hash(self) -> str:
        return self.password.reveal() if isinstance(self.password, secret.Secret) else ""

    @property
    def _wanted_lock(self) -> bool | None:
        return False if self.locked is None and self.password else self.locked

    def probe(self) -> str:
        """Print the account, whether the home is there, lock and digest of the hash, the groups."""
        home = shell.line("[ -d {} ]", self.home) if self.home else "false"
        look = self._wanted_lock is not None
        # The hash stays on the machine, and in the shell: no program gets it as an argument.
        password = (
            f"entry=$({shell.argv('getent', 'shadow', self.name)}); entry=${{entry#*:}}; "
            "entry=${entry%%:*}; hash=$entry; "
            'while [ "$hash" != "${hash#!}" ]; do hash=${hash#!}; done; '
            "if [ \"$hash\" = \"$entry\" ]; then printf 'open '; else printf 'locked '; fi; "
            'printf %s "$hash" | sha256sum'
        )
        return (
            f"entry=$({shell.argv('getent', 'passwd', self.name)}); printf '%s\\n' \"$entry\"; "
            f"if {home}; then echo home; else echo none; fi; "
            f"{password if look else 'echo'}; getent group"
        )

    def read(self, output: str) -> UserState:
        """Read the account, the home, the password and the groups."""
        found = text.split(output)
        if len(found) < len(("account", "home", "password")) or found[1] not in ("home", "none"):
            raise base.FactError(f"expected an account and its groups, got {output[:200]!r}")
        entry, home, password, *lines = found
        lock, _, digest = password.partition(" ")
        digest = digest.partition(" ")[0]
        if lock not in ("", "open", "locked"):
            raise base.FactError(f"expected the digest of a password, got {password[:200]!r}")
        locked = lock == "locked" or digest == hashlib.sha256(b"*").hexdigest()
        groups = dict(_group(line) for line in lines)
        return UserState(_account(entry), home == "home", locked, digest, groups)

    def diff(self, state: UserState) -> tuple[base.Change, ...]:
        """Make the user, or mend what differs; then the password and its lock."""
        for group in self.groups:
            if group not in state.groups:
                raise base.FactError(
                    f"the machine has no group '{group}', which {self.name} should be in",
                    hint="install the package that brings it before, or make it (groupadd)",
                )
        changes: list[base.Change] = []
        if state.account is None:
            # Debian and Enterprise Linux know 'useradd -m -U'; -U fails where the group is there.
            own = ("-g", self.name) if self.name in state.groups else ("-U",)
            command = shell.argv("useradd", "-m", *own, *self._options(), self.name)
            changes.append(base.Change(f"user {self.name}", "", "present", (command,)))
        else:
            changes += self._fields(state.account)
            changes += self._home(state.account, there=state.home)
            changes += self._groups(state.account, state.groups)
        return (*changes, *self._password(state))

    def see(self) -> str:
        """Show the account and its groups."""
        return shell.line("id {}; getent passwd {}", self.name, self.name)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Make the user, and ask for a password where one is wanted."""
        del family
        make = shell.argv("useradd", "-m", *self._options(), self.name)
        lines = [shell.line("id {} || ", self.name) + make]
        if self.password:
            lines.append(shell.line("# passwd {}", self.name))
        if self.locked:
            lines.append(shell.argv("usermod", "-L", self.name))
        return tuple(lines)

    def _options(self) -> Iterator[str]:
        values = {
            "-u": self.uid,
            "-c": self.comment,
            "-d": self.home,
            "-s": self.shell,
            "-G": ",".join(dict.fromkeys(self.groups)) or None,
        }
        for option, value in values.items():
            if value is not None:
                yield from (option, str(value))

    def _change(self, what: str, before: str, after: str, *commands: str) -> base.Change:
        return base.Change(f"{what} of {self.name}", before, after, commands)

    def _usermod(self, *words: str) -> str:
        return shell.argv("usermod", *words, self.name)

    def _fields(self, account: Account) -> Iterator[base.Change]:
        fields = (
            ("uid", "-u", account.uid, self.uid),
            ("comment", "-c", account.comment, self.comment),
            ("shell", "-s", account.shell, self.shell),
        )
        for what, option, before, after in fields:
            if after is not None and after != before:
                command = self._usermod(option, str(after))
                yield self._change(what, str(before), str(after), command)

    def _home(self, account: Account, *, there: bool) -> Iterator[base.Change]:
        home = self.home
        if home is None or (home == account.home and there):
            return
        commands: list[str] = []
        if home != account.home:
            move, only_say = self._usermod("-m", "-d", home), self._usermod("-d", home)
            parent = shell.argv("mkdir", "-p", home.rpartition("/")[0] or "/")
            old = shell.line("[ -d {} ] && [ ! -e {} ]", account.home, home)
            commands.append(f"if {old}; then {parent} && {move}; else {only_say}; fi")
        make = shell.argv("install", "-d", "-m", "0700", home)
        fill = shell.line("if [ -d /etc/skel ]; then cp -rT /etc/skel {}; fi", home)
        own = shell.argv("chown", "-R", f"{self.name}:", home)
        absent = shell.line("[ ! -d {} ]", home)
        commands.append(f"if {absent}; then {make} && {fill} && {own}; fi")
        yield self._change("home", account.home if home != account.home else "", home, *commands)

    def _groups(self, account: Account, groups: Mapping[str, Group]) -> Iterator[base.Change]:
        primary = {name for name, group in groups.items() if group.gid == account.gid}
        now = {name for name, group in groups.items() if self.name in group.members} - primary
        wanted = set(self.groups) - primary
        if wanted == now or (wanted < now and not self.exact_groups):
            return
        option = ("-G",) if self.exact_groups else ("-a", "-G")
        after = wanted if self.exact_groups else wanted | now
        given = wanted if self.exact_groups else wanted - now
        command = self._usermod(*option, ",".join(sorted(given)))
        yield self._change("groups", " ".join(sorted(now)), " ".join(sorted(after)), command)

    def _password(self, state: UserState) -> Iterator[base.Change]:
        new = state.account is None
        locked = new or state.locked
        has_one = not new and state.digest not in _NO_PASSWORD
        right = not new and state.digest == hashlib.sha256(self._wanted_hash.encode()).hexdigest()
        if self.password and (not right or (locked and not self._wanted_lock)):
            # printf is the shell's own, so the hash is in no list of processes.
            line = shell.line("printf '%s\\n' {} | chpasswd -e", f"{self.name}:{self._wanted_hash}")
            before = "locked" if right else _HIDDEN if has_one else ""
            yield self._change("password", before, _HIDDEN, line)
            locked = False
        if self._wanted_lock is None or self._wanted_lock == locked:
            return
        if self._wanted_lock:
            yield self._change("lock", "open", "locked", self._usermod("-L"))
        elif has_one:
            yield self._change("lock", "locked", "open", self._usermod("-U"))
        else:
            raise base.FactError(
                f"{self.name} has no password, so there is nothing to unlock",
                hint="give 'password' too, or leave 'locked' out",
            )


def _account(line: str) -> Account | None:
    if not line:
        return None
    fields = line.split(":")
    if len(fields) != len(("name", "x", "uid", "gid", "comment", "home", "shell")):
        raise base.FactError(f"expected a line of passwd, got {line!r:.200}")
    _, _, uid, gid, comment, home, program = fields
    return Account(_number(uid), _number(gid), comment, home, program)


def _group(line: str) -> tuple[str, Group]:
    fields = line.split(":")
    if len(fields) != len(("name", "x", "gid", "members")):
        raise base.FactError(f"expected a line of group, got {line!r:.200}")
    name, _, gid, members = fields
    return name, Group(_number(gid), frozenset(members.split(",")) - {""})


def _number(word: str) -> int:
    if not word.isdecimal():
        raise base.FactError(f"expected a number, got {word!r:.80}")
    return int(word)
