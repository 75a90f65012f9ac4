"""Names of other machines in /etc/hosts (hosts(5))."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Annotated, ClassVar

import pydantic

from labkit import shell
from labkit.images import carried
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.families import base as family_base

_PATH = "/etc/hosts"


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError(f"{value!r} is not an IP address") from None


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("an address needs at least one name")
    return names


_Address = Annotated[str, pydantic.AfterValidator(_address)]
_Names = Annotated[tuple[text.Host, ...], pydantic.AfterValidator(_some)]


class Hosts(base.Operation[str]):
    """`hosts: {entries: {192.168.56.61: [k8s-master-01.lab.internal, k8s-master-01]}}`.

    The listed names stand in the listed lines and nowhere else; other lines stay as they are.
    """

    unique: ClassVar[bool] = True

    entries: dict[_Address, _Names]

    def probe(self) -> str:
        """Print the file."""
        return text.show(_PATH)

    def read(self, output: str) -> str:
        """Return the file's text, empty when there is none."""
        return text.decode(*text.lines(output, 1)) or ""

    def diff(self, state: str) -> tuple[base.Change, ...]:
        """Rewrite the file when a line is missing, or a name is said to be elsewhere."""
        wanted = self._wanted(state)
        if wanted == state:
            return ()
        return (base.Change(_PATH, state, wanted, (text.write(_PATH, wanted),)),)

    def see(self) -> str:
        """Show the file."""
        return f"cat {_PATH}"

    def born(self, given: Mapping[str, str]) -> tuple[carried.File, ...]:
        """Add the lines to those that the machine is born with."""
        return (carried.File(_PATH, self._wanted(given.get(_PATH, ""))),)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Take away lines that name them already, such as Debian's 127.0.1.1, and add ours."""
        del family
        if not self.entries:
            return ()
        names = [re.escape(name) for names in self.entries.values() for name in names]
        # Some installers write the machine's own name beside localhost, which must stay.
        stale = f"/localhost/! {{ /[[:space:]]({'|'.join(names)})([[:space:]]|$)/Id }}"
        lines = "".join(f"{line}\n" for line in self._lines())
        return (
            shell.argv("sed", "-i", "-E", stale.replace(r"\-", "-"), _PATH),
            shell.heredoc(shell.line("cat >> {}", _PATH), lines),
        )

    def _lines(self) -> list[str]:
        return [" ".join((each, *self.entries[each])) for each in sorted(self.entries, key=_order)]

    def _wanted(self, current: str) -> str:
        ours = self._lines()
        missing = set(ours)
        kept: list[str] = []
        for line in text.split(current):
            if line in missing:
                missing.discard(line)
                kept.append(line)
            else:
                kept.extend(self._without_our_names(line))
        kept.extend(line for line in ours if line in missing)
        return "".join(f"{line}\n" for line in kept)

    def _without_our_names(self, line: str) -> list[str]:
        body, mark, comment = line.partition("#")
        fields = body.split()
        # The resolver does not tell capitals from small letters (RFC 4343).
        ours = {name.lower() for names in self.entries.values() for name in names}
        rest = [name for name in fields[1:] if name.lower() not in ours]
        if rest == fields[1:]:
            return [line]
        if not rest:
            return []
        return [" ".join((fields[0], *rest)) + (f" {mark}{comment}" if mark else "")]


def _order(address: str) -> tuple[int, int]:
    parsed = ipaddress.ip_address(address)
    return parsed.version, int(parsed)
