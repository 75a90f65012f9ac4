r"""What Vagrant prints, as data. Pure.

Lines of `--machine-readable` are `time,target,kind,data...`; in data, a comma is written
`%!(VAGRANT_COMMA)` and a line break `\n` (Vagrant's documentation, "Machine Readable Output").
"""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING

from labkit import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FIELDS = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line of machine-readable output."""

    target: str
    """A machine, or empty."""
    kind: str
    data: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Ssh:
    """Where Vagrant reaches a machine, and with which keys."""

    host: str
    port: int
    user: str
    keys: tuple[pathlib.Path, ...]


def lines(text: str) -> Iterator[Line]:
    """Yield the lines; what a plugin or Ruby prints in between is none."""
    for each in text.splitlines():
        fields = each.split(",")
        if len(fields) >= _FIELDS and fields[0].isdecimal():
            yield Line(fields[1], fields[2], tuple(map(_plain, fields[3:])))


def states(text: str) -> dict[str, str]:
    """Return each machine's state."""
    return {line.target: line.data[0] for line in lines(text) if line.kind == "state"}


def boxes(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the provider of each box."""
    name = ""
    for line in lines(text):
        if line.kind == "box-name":
            name = line.data[0]
        elif line.kind == "box-provider":
            yield name, line.data[0]


def snapshots(text: str) -> list[str]:
    """Return the names of snapshots of the one machine that was asked about.

    Vagrant writes names as details that it would show, and so it does its advice where there are
    none; labkit's names have no blanks.
    """
    shown = [line.data for line in lines(text) if line.kind == "ui"]
    names = [data[1].strip() for data in shown if data[0] == "detail" and len(data) > 1]
    return [name for name in names if name and " " not in name]


def ssh(text: str, names: Sequence[str]) -> dict[str, Ssh]:
    """Return what `vagrant ssh-config` says of machines (ssh_config(5)).

    Raises:
        errors.ProviderError: It says nothing of one of them.
    """
    import paramiko  # noqa: PLC0415 - slow, and the status of a lab asks Vagrant nothing

    config = paramiko.SSHConfig.from_text(text)
    known = config.get_hostnames()
    found: dict[str, Ssh] = {}
    for name in names:
        if name not in known:
            raise errors.ProviderError(
                f"Vagrant does not say how to reach {name}",
                hint="'vagrant ssh-config' in the lab's folder shows what it says",
            )
        host = config.lookup(name)
        found[name] = Ssh(
            host["hostname"],
            int(host.get("port", 22)),
            host["user"],
            tuple(map(pathlib.Path, host.get("identityfile", ()))),
        )
    return found


def _plain(field: str) -> str:
    return field.replace("%!(VAGRANT_COMMA)", ",").replace("\\n", "\n").replace("\\r", "\r")
