"""Settings with a value for the next boot and one for now, machines with the same ones together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import rich.markup
import rich.table

from labkit import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.report import model


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One setting with its values, and the machines on which they are these."""

    setting: model.Setting
    """Its own machine is left empty."""
    machines: tuple[str, ...]


def rows(settings: Sequence[model.Setting]) -> tuple[Row, ...]:
    """Put machines with the same values of the same setting together."""
    groups: dict[model.Setting, list[str]] = {}
    for each in settings:
        groups.setdefault(dataclasses.replace(each, machine=""), []).append(each.machine)
    return tuple(Row(setting, tuple(machines)) for setting, machines in groups.items())


def table(settings: Sequence[model.Setting]) -> rich.table.Table:
    """Return a row for each setting: wanted, at the next boot, now, and after a reboot."""
    rebooted = any(each.after is not None for each in settings)
    after = ("after reboot",) if rebooted else ()
    found = rich.table.Table("setting", "wanted", "file", "runtime", *after, "machines")
    for row in rows(settings):
        each = row.setting
        values = (each.file, each.runtime, *((each.after or "",) if rebooted else ()))
        cells = (_cell(value, good=value == each.wanted) for value in values)
        found.add_row(
            _safe(each.subject), _safe(each.wanted), *cells, ", ".join(map(_safe, row.machines))
        )
    return found


def _cell(value: str, *, good: bool) -> str:
    shown = _safe(value) or "(nothing)"
    return shown if good else f"[red]{shown}[/]"


def _safe(text: str) -> str:
    return rich.markup.escape(visible.line(text))
