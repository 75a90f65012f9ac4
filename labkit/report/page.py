"""What the page of a report shows, in the order in which it does; plain values only."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import wording
from labkit.report import excerpt, model, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.plan import model as plans

_SHORT = 8
"""Lines of a text that was repaired."""
_LISTED = 12
"""Failures that the head of the page lists."""


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """One result, cut to what a page can hold."""

    id: str
    machine: str
    check: str
    subject: str
    ok: bool
    expected: str
    actual: str
    lines: tuple[tuple[str, str], ...] | None
    """The lines that differ, where there are several."""
    by_hand: str
    repair: str
    commands: str
    """What labkit would run, a command a line or several."""
    when: str


@dataclasses.dataclass(frozen=True, slots=True)
class Repair:
    """What was repaired before the look that the page shows."""

    machine: str
    check: str
    subject: str
    before: str
    after: str


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """What was looked at on one machine and was as it should be."""

    id: str
    machine: str
    items: tuple[Item, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Count:
    """How many results one machine has of one check."""

    failed: int
    total: int


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """What one place says of a setting; a page may show less of it than was compared."""

    text: str
    good: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """A setting, and the machines on which it has these values."""

    subject: str
    wanted: str
    values: tuple[Value | None, ...]
    """In the file, at runtime, and where there was a reboot after it."""
    machines: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """All of it."""

    machines: Mapping[str, str]
    """Each machine's anchor, by its name."""
    checks: tuple[str, ...]
    counts: Mapping[tuple[str, str], Count]
    """By machine and check."""
    failures: tuple[Item, ...]
    groups: tuple[Group, ...]
    settings: tuple[Setting, ...]
    rebooted: bool
    skipped: tuple[str, ...]
    repairs: tuple[Repair, ...]
    incomplete: str
    fixable: int
    """How many failures `lab.verify --fix` repairs."""
    fix: str
    """How that is typed."""
    see: str
    """Where there is to see what failed; empty where nothing is."""

    @property
    def listed(self) -> tuple[Item, ...]:
        """The failures that the head of the page names."""
        return self.failures[:_LISTED]


def page(lab: plans.Lab, report: model.Report) -> Page:
    """Arrange a report: failures first, then machine by machine."""
    items = [_item(number, result) for number, result in enumerate(report.results)]
    names = dict.fromkeys(
        [*(each.name for each in lab.machines), *(each.machine for each in items)]
    )
    machines = {name: f"machine-{number}" for number, name in enumerate(names)}
    good: dict[str, list[Item]] = {name: [] for name in machines}
    counts: dict[tuple[str, str], Count] = {}
    for each in items:
        if each.ok:
            good[each.machine].append(each)
        old = counts.get((each.machine, each.check), Count(0, 0))
        counts[each.machine, each.check] = Count(old.failed + (not each.ok), old.total + 1)
    rebooted = any(each.after is not None for each in report.settings)
    return Page(
        machines,
        tuple(dict.fromkeys(each.check for each in items)),
        counts,
        tuple(each for each in items if not each.ok),
        tuple(Group(machines[name], name, tuple(found)) for name, found in good.items()),
        _settings(report, rebooted=rebooted),
        rebooted,
        tuple(excerpt.line(name) for name in report.skipped),
        tuple(_repair(each) for each in report.repairs),
        excerpt.line(report.incomplete),
        sum(each.fixable for each in report.failures),
        wording.command("'lab.verify --fix'"),
        wording.typed(report.see),
    )


def _repair(each: model.Repair) -> Repair:
    return Repair(
        each.machine,
        each.check,
        excerpt.line(each.subject),
        excerpt.cut(each.before, lines=_SHORT),
        excerpt.cut(each.after, lines=_SHORT),
    )


def _settings(report: model.Report, *, rebooted: bool) -> tuple[Setting, ...]:
    """Return the settings, the same one of several machines together."""
    subjects = list(dict.fromkeys(each.subject for each in report.settings))
    order = {subject: number for number, subject in enumerate(subjects)}
    rows = sorted(settings.rows(report.settings), key=lambda row: order[row.setting.subject])
    return tuple(_setting(row, rebooted=rebooted) for row in rows)


def _setting(row: settings.Row, *, rebooted: bool) -> Setting:
    each = row.setting
    values = (each.file, each.runtime, *((each.after,) if rebooted else ()))
    return Setting(
        excerpt.line(each.subject),
        excerpt.line(each.wanted),
        tuple(
            None if value is None else Value(excerpt.line(value), value == each.wanted)
            for value in values
        ),
        row.machines,
    )


def _item(number: int, result: model.Result) -> Item:
    return Item(
        id=f"result-{number}",
        machine=result.machine,
        check=result.check,
        subject=excerpt.line(result.subject),
        ok=result.ok,
        expected=excerpt.cut(result.expected),
        actual=excerpt.cut(result.actual),
        lines=None if result.ok else excerpt.differing(result.actual, result.expected),
        by_hand=excerpt.cut(wording.command(result.by_hand)),
        repair=excerpt.cut(wording.command(result.repair)),
        commands=excerpt.cut("\n".join(result.commands[: excerpt.LINES])),
        when=excerpt.line(result.when),
    )
