"""The machine's host name, in /etc/hostname (hostname(5)) and in the running kernel."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, ClassVar

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from labkit.families import base as family_base

_PATH = "/etc/hostname"


@dataclasses.dataclass(frozen=True, slots=True)
class HostnameState:
    """The name in the file and the name in force."""

    file: str
    runtime: str


class Hostname(base.Operation[HostnameState]):
    """`hostname: {name: web-01}`."""

    unique: ClassVar[bool] = True

    # hostname(7); the kernel keeps 64 bytes.
    name: Annotated[
        str,
        text.matching(r"(?=.{1,64}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", "a host name"),
    ]

    def probe(self) -> str:
        """Print the file and the kernel's name."""
        return f"{text.show(_PATH)}; uname -n"

    def read(self, output: str) -> HostnameState:
        """Read the two lines; in the file, blank lines and comments do not count."""
        file, runtime = text.lines(output, 2)
        names = (line.strip() for line in text.split(text.decode(file, replace=True) or ""))
        first = next((name for name in names if name and not name.startswith("#")), "")
        return HostnameState(first, runtime.strip())

    def diff(self, state: HostnameState) -> tuple[base.Change, ...]:
        """Write the file and the kernel's name directly: both hold on every distribution."""
        changes: list[base.Change] = []
        if state.file != self.name:
            write = text.write(_PATH, f"{self.name}\n")
            changes.append(base.Change(_PATH, state.file, self.name, (write,)))
        if state.runtime != self.name:
            set_name = shell.line("printf %s {} > /proc/sys/kernel/hostname", self.name)
            changes.append(base.Change("host name", state.runtime, self.name, (set_name,)))
        return tuple(changes)

    def settings(self, state: HostnameState) -> tuple[base.Setting, ...]:
        """Return the name."""
        return (base.Setting("host name", self.name, state.file, state.runtime),)

    def see(self) -> str:
        """Show what the next boot takes, and what holds."""
        return f"cat {_PATH}; uname -n"

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Type what hostnamectl(1) is for."""
        del family
        return (shell.argv("hostnamectl", "set-hostname", self.name),)
