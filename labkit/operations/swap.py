"""Swap space: off now (swapoff(8)), and not switched on by the next boot.

The boot has it from /etc/fstab (fstab(5)), or from a systemd unit (systemd.swap(5)): one that is
enabled, or one that a generator makes for a partition of swap's type or for zram.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import pydantic

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labkit.families import base as family_base

_FSTAB = "/etc/fstab"
_MARK = "# (labkit: swap is off) "
_RELOAD = "if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi"
_ZRAM = re.compile(r"/dev/(zram[0-9]+)")

# Services that make swap: those of zram-tools, of zram-config and of dphys-swapfile.
_SERVICES = ("zramswap.service", "zram-config.service", "dphys-swapfile.service")
_ETC = "/etc/systemd/system"
_FOLDERS = (_ETC, "/run/systemd/generator*", "/usr/lib/systemd/system")
_LINKS = (
    *(f"{folder}/*.{kind}/*.swap" for folder in _FOLDERS for kind in ("wants", "requires")),
    *(f"{_ETC}/*.wants/{service}" for service in _SERVICES),
)


@dataclasses.dataclass(frozen=True, slots=True)
class SwapState:
    """What is swapped to now, and what makes the next boot do it."""

    fstab: str
    active: tuple[str, ...]
    links: tuple[str, ...]
    """Links to units that start at boot, but for those that systemd makes of fstab."""
    masked: tuple[str, ...]
    """Links to units that would start, but are masked."""

    @property
    def units(self) -> tuple[str, ...]:
        """The names of the units that start."""
        return tuple(dict.fromkeys(_unit(link) for link in self.links))


class Swap(base.Operation[SwapState]):
    """`swap: {enabled: false}`.

    A kubelet wants no swap. Lines of fstab are commented out, not deleted.
    """

    enabled: bool
    """`false`; labkit makes no swap."""

    @pydantic.field_validator("enabled")
    @classmethod
    def _off(cls, enabled: bool) -> bool:
        if enabled:
            raise ValueError("labkit makes no swap: leave the operation out where it may be on")
        return enabled

    def probe(self) -> str:
        """Print fstab and what is swapped to, then the links that make the boot start units."""
        # A mask is a link to /dev/null, the one character device there. The units that systemd
        # makes of fstab go with fstab's lines.
        return (
            f"{text.show(_FSTAB)}; cat /proc/swaps 2>/dev/null; echo {text.ABSENT}; "
            f"for link in {' '.join(_LINKS)}; do "
            f'if [ ! -e "$link" ]; then :; elif [ -c {_ETC}/"${{link##*/}}" ]; '
            "then printf 'masked %s\\n' \"$link\"; "
            "elif ! grep -qs '^SourcePath=/etc/fstab' \"$link\"; "
            "then printf 'starts %s\\n' \"$link\"; fi; done"
        )

    def read(self, output: str) -> SwapState:
        """Read fstab, the kernel's table and the links."""
        fstab, *rest = text.split(output) or [""]
        if text.ABSENT not in rest:
            raise base.FactError(f"expected fstab and what is swapped to, got {output[:200]!r}")
        place = rest.index(text.ABSENT)
        # Without a table, the kernel knows no swap. Blanks of a path are written in octal there.
        active = tuple(line.split()[0] for line in rest[1:place] if line.strip())
        links: dict[str, list[str]] = {"starts": [], "masked": []}
        for line in rest[place + 1 :]:
            word, _, link = line.partition(" ")
            if word not in links or not link:
                raise base.FactError(f"expected a unit that makes swap, got {line!r}")
            links[word].append(link)
        starts, masked = tuple(links["starts"]), tuple(links["masked"])
        return SwapState(text.decode(fstab) or "", active, starts, masked)

    def diff(self, state: SwapState) -> tuple[base.Change, ...]:
        """Comment the lines out, disable or mask the units, and swap to nothing."""
        self._explained(state)
        changes: list[base.Change] = []
        if _lines(state.fstab):
            wanted = _without(state.fstab)
            commands = (text.write(_FSTAB, wanted), _RELOAD)
            changes.append(base.Change(_FSTAB, state.fstab, wanted, commands))
        for unit in state.units:
            ours = all(link.startswith(_ETC) for link in state.links if _unit(link) == unit)
            verb, after = ("disable", "disabled") if ours else ("mask", "masked")
            command = shell.argv("systemctl", "-q", verb, unit)
            changes.append(base.Change(f"boot of {unit}", "enabled", after, (command,)))
        if state.active:
            before = " ".join(state.active)
            changes.append(base.Change("swap", before, "off", ("swapoff -a",)))
        return tuple(changes)

    def _explained(self, state: SwapState) -> None:
        """Complain of swap in zram which is there again after the next boot, nobody knows why."""
        known = {_unit(link) for link in (*state.links, *state.masked)}
        for path in state.active:
            zram = _ZRAM.fullmatch(path)
            if zram and not known & {f"dev-{zram[1]}.swap", *_SERVICES}:
                raise base.FactError(
                    f"the swap in {path} comes from nothing that labkit knows",
                    hint="find what makes it (systemctl list-units '*zram*'), and switch that off "
                    "by the operation 'service' before this one",
                )

    def settings(self, state: SwapState) -> tuple[base.Setting, ...]:
        """Return what is swapped to, and what the next boot would swap to."""
        lines = (_fields(line)[0] for line in _lines(state.fstab))
        return (
            base.Setting("swap", "off", _or_off((*lines, *state.units)), _or_off(state.active)),
        )

    def see(self) -> str:
        """Show what is used, and what the next boot uses."""
        return f"swapon --show; cat {_FSTAB}"

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Swap off, and comment the lines out."""
        del family
        return ("swapoff -a", r"sed -i '/^[^#].*\sswap\s/s/^/# /' /etc/fstab")


def _unit(link: str) -> str:
    return link.rpartition("/")[2]


def _or_off(names: Iterable[str]) -> str:
    return " ".join(names) or "off"


def _fields(line: str) -> list[str]:
    """Return a line's fields; none of a comment (fstab(5))."""
    plain = line.strip(" \t")
    return [] if plain.startswith("#") else re.split(r"[ \t]+", plain)


def _swaps(line: str) -> bool:
    return _fields(line)[2:3] == ["swap"]


def _lines(fstab: str) -> list[str]:
    return [line for line in text.split(fstab) if _swaps(line)]


def _without(fstab: str) -> str:
    marked = (_MARK + line if _swaps(line) else line for line in text.split(fstab))
    return "".join(f"{line}\n" for line in marked)
