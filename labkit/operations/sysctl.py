"""Kernel parameters: a file in /etc/sysctl.d (sysctl.d(5)) and the values in force."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Annotated

import pydantic

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Mapping

# A '*' stands for one part of a name, as in sysctl.d(5): net.ipv6.conf.*.disable_ipv6.
_Key = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_*][A-Za-z0-9_*-]*(\.[A-Za-z0-9_*-]+)+$")]
_Value = Annotated[str, pydantic.Field(pattern=r"^[^\x00\r\n]+$")]


@dataclasses.dataclass(frozen=True, slots=True)
class SysctlState:
    """The file's text, and the live value of every path below /proc/sys that matches."""

    file: str | None
    live: Mapping[str, str]


class Sysctl(base.Operation[SysctlState]):
    """`sysctl: {file: 90-ipv6, values: {net.ipv6.conf.all.disable_ipv6: "1"}}`.

    A key in full is stronger than a key with a `*`, as in sysctl.d(5).
    """

    file: str = pydantic.Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    values: dict[_Key, _Value]

    @property
    def _path(self) -> str:
        return f"/etc/sysctl.d/{self.file}.conf"

    @property
    def _content(self) -> str:
        return "".join(f"{key} = {value}\n" for key, value in self.values.items())

    def probe(self) -> str:
        """Print the file, then `PATH<tab>VALUE` for each live value."""
        if not self.values:
            return text.show(self._path)
        patterns = " ".join(_shell_pattern(key) for key in self.values)
        loop = (
            f"cd /proc/sys && for path in {patterns}; do "
            '[ -f "$path" ] && printf "%s\\t%s\\n" "$path" '
            '"$(tr "\\t\\n" "  " < "$path" 2>/dev/null)"; '
            "done; :"
        )
        return f"{text.show(self._path)}\n{loop}"

    def read(self, output: str) -> SysctlState:
        """Read the file and the live values."""
        first, *rest = text.split(output) or [text.ABSENT]
        live: dict[str, str] = {}
        for line in rest:
            path, tab, value = line.partition("\t")
            if not tab:
                raise base.FactError(f"expected a kernel parameter and its value, got {line!r}")
            live[path] = _plain(value)
        return SysctlState(text.decode(first, replace=True), live)

    def diff(self, state: SysctlState) -> tuple[base.Change, ...]:
        """Write the file when it differs, and each value that is not in force."""
        changes: list[base.Change] = []
        if (state.file or "") != self._content:
            commands = ("mkdir -p /etc/sysctl.d", text.write(self._path, self._content))
            changes.append(base.Change(self._path, state.file or "", self._content, commands))
        for path, value in self._wanted(state.live).items():
            before = state.live.get(path, "")
            if before != _plain(value):
                write = shell.line("printf %s {} > {}", value, f"/proc/sys/{path}")
                changes.append(base.Change(_show(path), before, value, (write,)))
        return tuple(changes)

    def _wanted(self, live: Mapping[str, str]) -> dict[str, str]:
        """Return the value wanted for each path; a pattern may match none (no IPv6 at all)."""
        paths = {key: key.replace(".", "/") for key in self.values}
        full = {path for key, path in paths.items() if "*" not in key}
        wanted: dict[str, str] = {}
        for key, value in self.values.items():
            if paths[key] in full:
                wanted[paths[key]] = value
                continue
            matches = re.compile(re.escape(paths[key]).replace(r"\*", "[^/]*")).fullmatch
            wanted |= {path: value for path in live if matches(path) and path not in full}
        return wanted


def _plain(value: str) -> str:
    # The kernel separates the numbers of one parameter by tabs, people by spaces.
    return " ".join(value.split())


def _show(path: str) -> str:
    # As sysctl(8) shows names; a VLAN's card has a '.' in its own name: eth0/100.
    return path.translate({ord("/"): ".", ord("."): "/"})


def _shell_pattern(key: str) -> str:
    # The words of the pattern are quoted one by one, so that only '*' is a wildcard.
    return "*".join(shell.quote(part) if part else "" for part in key.replace(".", "/").split("*"))
