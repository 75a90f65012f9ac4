"""Kernel parameters: a file in /etc/sysctl.d (sysctl.d(5)) and the values in force."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Annotated

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.families import base as family_base

# A '*' stands for one part of a name, as in sysctl.d(5): net.ipv6.conf.*.disable_ipv6.
_Key = Annotated[
    str,
    text.matching(
        r"[A-Za-z0-9_*][A-Za-z0-9_*-]*(\.[A-Za-z0-9_*-]+)+",
        "a kernel parameter such as 'net.ipv4.ip_forward'",
    ),
]
_Value = Annotated[str, text.matching(r"[^\x00\r\n]+", "a value in one line")]

# Told the first, the kernel tells each of the second (ip-sysctl.rst, "conf/all"): it comes first.
_ALL = re.compile(r"net/(ipv[46])/conf/all/(\w+)")
_CARD = re.compile(r"net/(ipv[46])/conf/[^/]+/(\w+)")


@dataclasses.dataclass(frozen=True, slots=True)
class SysctlState:
    """The file's text, and the live value of every path below /proc/sys that matches."""

    file: str | None
    live: Mapping[str, str]


class Sysctl(base.Operation[SysctlState]):
    """`sysctl: {file: 90-ipv6, values: {net.ipv6.conf.all.disable_ipv6: "1"}}`.

    A key in full is stronger than a key with a `*`, as in sysctl.d(5).
    """

    file: Annotated[
        str, text.matching(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "a file name such as '90-ipv6'")
    ]
    values: dict[_Key, _Value]

    @property
    def _path(self) -> str:
        return f"/etc/sysctl.d/{self.file}.conf"

    @property
    def _content(self) -> str:
        # At boot the lines are obeyed in order: what stands for every card comes before one card.
        keys = sorted(self.values, key=lambda key: "*" not in key and ".conf.all." not in key)
        return "".join(f"{key} = {self.values[key]}\n" for key in keys)

    def probe(self) -> str:
        """Print the file, then `PATH:NUMBER:LINE` for each line of each live value."""
        if not self.values:
            return text.show(self._path)
        patterns = " ".join(_shell_pattern(key) for key in self.values)
        # One program for all of them, since on an emulated machine each program costs. It must not
        # be the shell's own `read`: that reads byte by byte, and the kernel gives one byte only.
        live = f"cd /proc/sys && grep -s -d skip -nH '' {patterns}; :"
        return f"{text.show(self._path)}\n{live}"

    def read(self, output: str) -> SysctlState:
        """Read the file and the live values."""
        first, *rest = text.split(output) or [text.ABSENT]
        lines: dict[str, dict[str, str]] = {}
        for line in rest:
            # A card's name holds no colon (dev_valid_name() in the kernel's net/core/dev.c).
            path, _, numbered = line.partition(":")
            number, colon, value = numbered.partition(":")
            if not colon:
                raise base.FactError(f"expected a kernel parameter and its value, got {line!r}")
            lines.setdefault(path, {})[number] = value
        live = {path: _plain(" ".join(values.values())) for path, values in lines.items()}
        return SysctlState(text.decode(first, replace=True), live)

    def diff(self, state: SysctlState) -> tuple[base.Change, ...]:
        """Write the file when it differs, and each value that is not in force."""
        changes: list[base.Change] = []
        if (state.file or "") != self._content:
            commands = ("mkdir -p /etc/sysctl.d", text.write(self._path, self._content))
            changes.append(base.Change(self._path, state.file or "", self._content, commands))
        wanted = self._wanted(state.live)
        for path in sorted(wanted, key=lambda path: not _ALL.fullmatch(path)):
            before, value = state.live.get(path, ""), wanted[path]
            if before != _plain(value):
                again = (
                    _write(other, theirs)
                    for other, theirs in wanted.items()
                    if theirs != value and _overwrites(path, other)
                )
                commands = (_write(path, value), *again)
                changes.append(base.Change(_show(path), before, value, commands))
        return tuple(changes)

    def settings(self, state: SysctlState) -> tuple[base.Setting, ...]:
        """Return each parameter; what the next boot brings is what the file says."""
        file = _spread(_parse(state.file or ""), state.live)
        return tuple(
            base.Setting(
                _show(path), _plain(value), _plain(file.get(path, "")), state.live.get(path, "")
            )
            for path, value in self._wanted(state.live).items()
        )

    def see(self) -> str:
        """Show what holds, and what the next boot sets."""
        live = " ".join(_shell_pattern(key) for key in self.values)
        look = f"cd /proc/sys && grep -H '' {live}; " if live else ""
        return f"{look}cat {self._path}"

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Write the file, and let sysctl(8) read it."""
        del family
        if not self.values:
            return ()
        return (text.typed(self._path, self._content), shell.argv("sysctl", "-p", self._path))

    def _wanted(self, live: Mapping[str, str]) -> dict[str, str]:
        """Return the value wanted for each path; a pattern may match none (no IPv6 at all)."""
        return _spread(self.values, live)


def _spread(values: Mapping[str, str], live: Mapping[str, str]) -> dict[str, str]:
    paths = {key: key.replace(".", "/") for key in values}
    full = {path for key, path in paths.items() if "*" not in key}
    spread: dict[str, str] = {}
    for key, value in values.items():
        if paths[key] in full:
            spread[paths[key]] = value
            continue
        matches = re.compile(re.escape(paths[key]).replace(r"\*", "[^/]*")).fullmatch
        spread |= {path: value for path in live if matches(path) and path not in full}
    return spread


def _parse(file: str) -> dict[str, str]:
    """Return the settings of a file (sysctl.d(5)); the last one of a name counts."""
    pairs = (line.partition("=") for line in text.split(file) if line.lstrip()[:1] not in "#;")
    return {key.strip().removeprefix("-"): value.strip() for key, mark, value in pairs if mark}


def _overwrites(path: str, other: str) -> bool:
    """Say whether the kernel, told the one, gives the other the same value."""
    if path == other or not (whole := _ALL.fullmatch(path)):
        return False
    card = _CARD.fullmatch(other)
    return card is not None and card.groups() == whole.groups()


def _write(path: str, value: str) -> str:
    return shell.line("printf %s {} > {}", value, f"/proc/sys/{path}")


def _plain(value: str) -> str:
    # The kernel separates the numbers of one parameter by tabs, people by spaces.
    return " ".join(value.split())


def _show(path: str) -> str:
    # As sysctl(8) shows names; a VLAN's card has a '.' in its own name: eth0/100.
    return path.translate({ord("/"): ".", ord("."): "/"})


def _shell_pattern(key: str) -> str:
    # The words of the pattern are quoted one by one, so that only '*' is a wildcard.
    return "*".join(shell.quote(part) if part else "" for part in key.replace(".", "/").split("*"))
