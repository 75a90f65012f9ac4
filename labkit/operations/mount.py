"""A file system at its place: a line in /etc/fstab (fstab(5)), and mounted now (mount(8))."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Annotated

import pydantic

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from labkit.families import base as family_base

_FSTAB = "/etc/fstab"

# fstab(5): blanks and backslashes in a field are written in octal; '#' would begin a comment.
_OCTAL = {character: f"\\{ord(character):03o}" for character in " \t\\#"}

_TAGS = {"UUID": "uuid", "LABEL": "label", "PARTUUID": "partuuid", "PARTLABEL": "partlabel"}

# The flags that each file system has, and that the kernel shows as they are written.
_FLAGS = frozenset({"ro", "rw", "nosuid", "nodev", "noexec", "noatime", "nodiratime"})

_BIND = frozenset({"bind", "rbind"})

_PRINTED = frozenset(range(0x21, 0x7F)) - {ord("\\")}
"""Bytes that findmnt prints as they are (libsmartcols, in the locale C)."""

_SIZES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_NUMBER = re.compile(r"(\d+)([kmg]?)", re.IGNORECASE)


def _plain(path: str) -> str:
    if path != "/" and re.search(r"/(\.{0,2})(/|$)", path):
        raise ValueError(f"{path!r} is not a path without '//', '.', '..' and a slash at its end")
    return path


_Place = Annotated[text.Path, pydantic.AfterValidator(_plain)]
_Device = Annotated[str, text.matching(r"[^\x00\r\n]+", "a device such as '/dev/vdb' or 'tmpfs'")]
_Type = Annotated[str, text.matching(r"[a-z0-9][a-z0-9._-]*", "a type such as 'ext4'")]
_Option = Annotated[str, text.matching(r"[^\x00\r\n,]+", "an option such as 'ro'")]


@dataclasses.dataclass(frozen=True, slots=True)
class MountState:
    """The text of fstab, and what is mounted at the place (type and options: empty, nothing)."""

    fstab: str
    type: str
    options: tuple[str, ...]
    source: str
    same: bool
    """What is mounted is the wanted device, or the wanted folder at another place."""


class Mount(base.Operation[MountState]):
    """`mount: {path: /srv, device: LABEL=data, type: ext4, options: [noatime]}`.

    `mounted: false` takes it away: no line in fstab, and nothing mounted. With the option `noauto`
    only the line counts, since nothing would mount it at boot.
    """

    path: _Place
    device: _Device | None = None
    """A device, `UUID=...`, `LABEL=...`, a folder for the option `bind`, or a word (`tmpfs`)."""
    type: _Type | None = None
    options: tuple[_Option, ...] = ()
    """Left out: `defaults`."""
    mounted: bool = True

    @pydantic.model_validator(mode="after")
    def _complete(self) -> Mount:
        if self.mounted and (self.device is None or self.type is None):
            raise ValueError("what is to be mounted has 'device' and 'type'")
        return self

    @property
    def _bind(self) -> bool:
        return bool(_BIND & set(self.options))

    @property
    def _options(self) -> str:
        return ",".join(self.options) or "defaults"

    @property
    def _fields(self) -> tuple[str, ...]:
        return (self.device or "", self.path, self.type or "", self._options)

    def probe(self) -> str:
        """Print fstab, what is mounted, and whether it is the wanted device."""
        find = shell.argv("findmnt", "-nrvo", "FSTYPE,OPTIONS,SOURCE", "-M", self.path)
        # The shell itself compares: two names of one device, or of one folder, are the same.
        return (
            f"{text.show(_FSTAB)}; mounts=$({find}); source=${{mounts##* }}; file=; "
            'loop=/sys/block/"${source#/dev/}"/loop/backing_file; '
            'if [ -e "$loop" ]; then read -r file < "$loop"; fi; '
            f"if {self._same()}; then echo same; else echo other; fi; "
            "printf '%s\\n' \"$mounts\""
        )

    def _same(self) -> str:
        device = self.device or ""
        tag, equals, value = device.partition("=")
        if equals and tag in _TAGS:
            device = f"/dev/disk/by-{_TAGS[tag]}/{_udev(value.strip(chr(34)))}"
        if not device.startswith("/"):
            return shell.line('[ "$source" = {} ]', _hex(device))
        if self._bind:
            return shell.line("[ {} -ef {} ]", device, self.path)
        return shell.line('[ {} -ef "$source" ] || [ {} -ef "$file" ]', device, device)

    def read(self, output: str) -> MountState:
        """Read fstab and the mount on top of all that are mounted there."""
        lines = text.split(output)
        if len(lines) < len(("fstab", "same", "mount")) or lines[1] not in ("same", "other"):
            raise base.FactError(f"expected fstab and what is mounted, got {output[:200]!r}")
        first, same, *mounts = lines
        fstab = text.decode(first) or ""
        if not mounts[-1]:
            return MountState(fstab, "", (), "", same=False)
        fields = mounts[-1].split(" ")
        if len(fields) != len(("type", "options", "source")):
            raise base.FactError(f"expected type, options and source, got {mounts[-1]!r}")
        kind, options, source = (_unhex(field) for field in fields)
        return MountState(fstab, kind, tuple(options.split(",")), source, same == "same")

    def diff(self, state: MountState) -> tuple[base.Change, ...]:
        """Write the line, then mount by it; what else is mounted there is unmounted first."""
        changes: list[base.Change] = []
        wanted = self._fstab(state.fstab)
        if wanted != state.fstab:
            # systemd mounts by what it has read, and may unmount again what it does not know.
            reload = "if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi"
            commands = (text.write(_FSTAB, wanted), reload)
            changes.append(base.Change(_FSTAB, state.fstab, wanted, commands))
        if not self._in_force(state):
            shown, after = _show(state), self._shown if self.mounted else "nothing"
            commands = tuple(self._commands(state))
            changes.append(base.Change(f"mount {self.path}", shown, after, commands))
        return tuple(changes)

    def settings(self, state: MountState) -> tuple[base.Setting, ...]:
        """Compare the line with what is mounted."""
        wanted = self._shown if self.mounted else "nothing"
        lines = [_fields(line) for line in text.split(state.fstab)]
        there = [(line[0], *line[2:4]) for line in lines if line[1:2] == [self.path]]
        file = "; ".join(f"{device} ({', '.join(rest)})" for device, *rest in there) or "nothing"
        runtime = wanted if self._in_force(state) else _show(state)
        return (base.Setting(self.path, wanted, file, runtime),)

    def see(self) -> str:
        """Show what is mounted, and what the next boot mounts."""
        return shell.line("findmnt {}; cat {}", self.path, _FSTAB)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Add the line, and mount by it."""
        del family
        if not self.mounted:
            field = f"^[^ \\t]+[ \\t]+{re.escape(_escape(self.path)).replace('/', chr(92) + '/')}"
            edit = shell.argv("sed", "-i", "-E", f"/{field}[ \\t]/d", _FSTAB)
            return (shell.argv("umount", self.path), edit)
        add = shell.line("printf '%s\\n' {} >> {}", self._line(), _FSTAB)
        return (shell.argv("mkdir", "-p", self.path), add, shell.argv("mount", self.path))

    @property
    def _shown(self) -> str:
        return f"{self.device} ({self.type}, {self._options})"

    def _line(self, *numbers: str) -> str:
        """Return the line for fstab; how it is dumped and checked is left as it is."""
        return " ".join((*map(_escape, self._fields), *(numbers or ("0", "0"))))

    def _fstab(self, current: str) -> str:
        """Return fstab with one line for the path, in the place of the first one, or with none."""
        kept: list[str] = []
        done = not self.mounted
        for line in text.split(current):
            fields = _fields(line)
            if fields[1:2] != [self.path]:
                kept.append(line)
            elif not done:
                same = tuple(fields[:4]) == self._fields
                kept.append(line if same else self._line(*fields[4:6]))
                done = True
        if not done:
            kept.append(self._line())
        unchanged = kept == text.split(current)
        return current if unchanged else "".join(f"{line}\n" for line in kept)

    def _in_force(self, state: MountState) -> bool:
        if not self.mounted:
            return not state.type
        return "noauto" in self.options or (self._right(state) and not self._lacking(state))

    def _right(self, state: MountState) -> bool:
        """Say whether the right thing is mounted, whatever the options."""
        any_type = self._bind or self.type == "auto"
        # The kernel shows nfs4 for what mount(8) calls nfs.
        return state.same and (any_type or state.type in (self.type, f"{self.type}4"))

    def _lacking(self, state: MountState) -> list[str]:
        """Return the options not in force; only of flags and numbers it is known how they show."""
        shown = {name: value for name, _, value in (each.partition("=") for each in state.options)}
        return [option for option in self.options if not _holds(option, shown)]

    def _commands(self, state: MountState) -> list[str]:
        mount = shell.argv("mount", self.path)
        if not self.mounted:
            return [shell.argv("umount", self.path)]
        if not state.type:
            return [shell.line("[ -e {} ] || mkdir -p {}", self.path, self.path), mount]
        if self._right(state):
            # mount(8) forgets the 'bind' that it reads in fstab, and so would make the whole file
            # system read-only of which a folder is shown here.
            own = [option for option in self.options if option not in _BIND]
            words = ("remount", "bind", *own) if self._bind else ("remount",)
            return [shell.argv("mount", "-o", ",".join(words), self.path)]
        return [shell.argv("umount", self.path), mount]


def _holds(option: str, shown: dict[str, str]) -> bool:
    name, equals, value = option.partition("=")
    if not equals:
        return name in shown or name not in _FLAGS
    wanted, there = _number(value), _number(shown.get(name, ""))
    return wanted is None or there is None or wanted == there


def _number(value: str) -> int | None:
    found = _NUMBER.fullmatch(value)
    return int(found[1]) * _SIZES[found[2].lower()] if found else None


def _show(state: MountState) -> str:
    return f"{state.source} ({state.type}, {','.join(state.options)})" if state.type else "nothing"


def _escape(field: str) -> str:
    return "".join(_OCTAL.get(character, character) for character in field)


def _fields(line: str) -> list[str]:
    """Return a line's fields as they are meant; none of a comment."""
    if line.lstrip().startswith("#"):
        return []
    parts = re.split(r"[ \t]+", line.strip(" \t"))
    return [re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), part) for part in parts]


def _hex(value: str) -> str:
    return "".join(chr(byte) if byte in _PRINTED else f"\\x{byte:02x}" for byte in value.encode())


def _unhex(field: str) -> str:
    pattern = rb"\\x([0-9a-f]{2})"
    plain = re.sub(pattern, lambda found: bytes([int(found[1], 16)]), field.encode())
    return plain.decode(errors="replace")


def _udev(value: str) -> str:
    # udev's names of links (udev(7), ENV{ID_FS_LABEL_ENC}).
    return re.sub(r"[^A-Za-z0-9#+.:=@_-]", lambda found: f"\\x{ord(found[0]):02x}", value)
