"""The time zone: the /etc/localtime link (localtime(5)), and Debian's /etc/timezone beside it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from labkit.families import base as family_base

_ZONES = "/usr/share/zoneinfo/"
_LINK = "/etc/localtime"
_FILE = "/etc/timezone"


@dataclasses.dataclass(frozen=True, slots=True)
class TimeZoneState:
    """The zone of the link and of the file, and whether the machine knows the wanted zone."""

    link: str
    file: str | None
    known: bool


class TimeZone(base.Operation[TimeZoneState]):
    """`time_zone: {name: Asia/Tokyo}`."""

    name: Annotated[
        str,
        text.matching(
            r"[A-Za-z0-9][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", "a time zone such as 'Asia/Tokyo'"
        ),
    ]

    def probe(self) -> str:
        """Print where the link leads, the file, and what the wanted zone's data begin with."""
        # readlink prints nothing for a copy of a zone's data, which may be of any zone.
        link = f"if [ -e {_LINK} ]; then readlink {_LINK} || echo copy; else echo; fi"
        data = shell.line("head -c 4 {} 2>/dev/null; echo", _ZONES + self.name)
        return f"{link}; {text.show(_FILE)}; {data}"

    def read(self, output: str) -> TimeZoneState:
        """Read the three lines; without a link the zone is UTC."""
        link, file, magic = text.lines(output, 3)
        zone = (link.partition("zoneinfo/")[2] or link).strip() if link.strip() else "UTC"
        name = text.decode(file, replace=True)
        # Every zone's data begin so (RFC 8536, section 3.1); a folder of zones does not.
        return TimeZoneState(zone, name.strip() if name is not None else None, magic == "TZif")

    def diff(self, state: TimeZoneState) -> tuple[base.Change, ...]:
        """Point the link at the zone, and name it in the file where there is one."""
        if not state.known:
            raise base.FactError(
                f"the machine knows no time zone '{self.name}'",
                hint="install the package tzdata, or choose a zone of /usr/share/zoneinfo",
            )
        changes: list[base.Change] = []
        if state.link != self.name:
            link = shell.line("ln -sfn {} {}", _ZONES + self.name, _LINK)
            changes.append(base.Change("time zone", state.link, self.name, (link,)))
        if state.file not in (None, self.name):
            write = text.write(_FILE, f"{self.name}\n")
            changes.append(base.Change(_FILE, state.file or "", self.name, (write,)))
        return tuple(changes)

    def see(self) -> str:
        """Show the link and the name."""
        return f"ls -l {_LINK}; cat {_FILE}"

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Type what timedatectl(1) is for."""
        del family
        return (shell.argv("timedatectl", "set-timezone", self.name),)
