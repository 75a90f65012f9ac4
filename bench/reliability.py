"""What labkit survives: every fault test, counted, as docs/explanation/figures/reliability.md.

`./lab bench reliability` runs all of tests/faults and tests/hostile, the slow ones too, for an hour
and more. In turns: `./lab bench reliability -- --only kill --minutes 10` runs one row, begins with
what has waited longest, and begins nothing more after ten minutes. What each test has counted is
kept in figures/reliability.json after each test, and the page is made of that.

How many faults a test has met it says itself (record_property of pytest): `rounds` is the count,
and any other property is a remark.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from bench import promises
from labkit import workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

REPOSITORY = pathlib.Path(__file__).parents[1]
FIGURES = REPOSITORY / "docs" / "explanation" / "figures"
FOLDERS = ("tests/faults", "tests/hostile")


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """What one test has counted, when it was run last."""

    met: int
    held: int
    seconds: float
    remarks: tuple[str, ...] = ()
    made: float = 0.0
    """When it ended, in seconds since 1970."""


NOT_RUN = Case(0, 0, 0.0, ("not all has been run yet",))


class Journal:
    """The cases by pytest's names for them, in a file that is whole after each test."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Read what earlier runs have counted."""
        self._folder = folder
        self._path = folder / "reliability.json"
        self.cases = self._read()

    def add(self, node: str, case: Case) -> None:
        """Keep what a test has counted, in place of what it had before."""
        self.cases = {**self._read(), node: case}  # another run may have written meanwhile
        self.write()

    def know(self, nodes: Sequence[str]) -> None:
        """Hear which tests there are: those that are no more are dropped, new ones have not run."""
        there = self._read()
        self.cases = {node: there.get(node, NOT_RUN) for node in nodes}
        self.write()

    def _read(self) -> dict[str, Case]:
        if not self._path.exists():
            return {}
        said: dict[str, dict[str, Any]] = json.loads(self._path.read_text(encoding="utf-8"))
        return {
            node: Case(remarks=tuple(case.pop("remarks")), **case) for node, case in said.items()
        }

    def write(self) -> None:
        """Write the file, and the page that is made of it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        said = {node: dataclasses.asdict(case) for node, case in sorted(self.cases.items())}
        workspace.write(self._path, json.dumps(said, indent=1) + "\n", mode=0o644)
        workspace.write(self._path.with_suffix(".md"), render(self.cases), mode=0o644)


class Counting:
    """A plugin of pytest: chooses the tests, and counts what they say."""

    def __init__(self, journal: Journal, only: Sequence[str], minutes: float) -> None:
        """Begin nothing more after so many minutes; zero: no limit."""
        self._journal, self._only = journal, only
        self._end = time.monotonic() + 60 * minutes if minutes else None
        self._reports: list[pytest.TestReport] = []
        self.ran: list[Case] = []

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Take the tests of the wanted rows, first those that have waited longest."""
        self._journal.know([item.nodeid for item in items])
        promised = {item.nodeid: promises.of(item.nodeid) for item in items}
        lost = [node for node, promise in promised.items() if promise is None]
        if lost:
            raise pytest.UsageError(f"no row of bench/promises.py has {', '.join(lost)}")
        names = {node: promise.name for node, promise in promised.items() if promise}
        wanted = [item for item in items if not self._only or names[item.nodeid] in self._only]
        config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
        items[:] = sorted(wanted, key=lambda item: self._journal.cases[item.nodeid].made)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what is said of the test's beginning, body and end."""
        self._reports.append(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Begin nothing more when the time is up."""
        if self._end is not None and time.monotonic() > self._end:
            item.session.shouldstop = "the time is up"

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Count the test."""
        reports, self._reports = self._reports, []
        if reports:
            case = count(reports)
            self.ran.append(case)
            self._journal.add(nodeid, case)


def count(reports: Sequence[pytest.TestReport]) -> Case:
    """Return what one test has counted."""
    said = {str(key): str(value) for each in reports for key, value in each.user_properties}
    rounds = int(said.pop("rounds", 1))
    seconds = round(sum(each.duration for each in reports), 1)
    skipped = [each.longrepr for each in reports if each.skipped]
    if skipped:
        reason = skipped[0][2] if isinstance(skipped[0], tuple) else str(skipped[0])
        return Case(0, 0, seconds, (f"not run: {reason.removeprefix('Skipped: ')}",), time.time())
    failed = any(each.failed for each in reports)
    remarks = tuple(f"{key}: {value}" for key, value in said.items())
    return Case(rounds, 0 if failed else rounds, seconds, remarks, time.time())


def render(cases: Mapping[str, Case]) -> str:
    """Return the page."""
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    lines = [
        "# What labkit survives",
        "",
        "Made by `./lab bench reliability`; nothing here is typed in.",
        f"Host: {system}, Python {platform.python_version()}.",
        "",
        "| fault | what must hold | met | held | seconds | run on |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    found = [(each, _of(each, cases)) for each in promises.ALL]
    for promise, own in found:
        lines.append(f"| {promise.fault} | {promise.holds} | {_figures(own)} | {_days(own)} |")
    for promise, own in found:
        if own:
            lines += ["", f"## {promise.fault[0].upper()}{promise.fault[1:]}", ""]
            lines += ["| test | met | held | seconds | |", "| --- | ---: | ---: | ---: | --- |"]
            lines += _tests(own)
    every = list(cases.values())
    met, held = sum(each.met for each in every), sum(each.held for each in every)
    return "\n".join([*lines, "", f"In all: {met} met, {held} held.", ""])


def _of(promise: promises.Promise, cases: Mapping[str, Case]) -> dict[str, Case]:
    return {node: case for node, case in sorted(cases.items()) if promise.has(node)}


def _tests(cases: Mapping[str, Case]) -> Iterator[str]:
    """Yield a line for each test, with all its cases."""
    for test in dict.fromkeys(node.partition("[")[0] for node in cases):
        own = {node: case for node, case in cases.items() if node.partition("[")[0] == test}
        remarks = "; ".join(dict.fromkeys(word for case in own.values() for word in case.remarks))
        yield f"| `{test}` | {_figures(own)} | {remarks} |"


def _figures(cases: Mapping[str, Case]) -> str:
    every = [each for each in cases.values() if each.made]
    if not every:
        return "not run | | "
    met, held = sum(each.met for each in every), sum(each.held for each in every)
    return f"{met} | {held} | {sum(each.seconds for each in every):.0f}"


def _days(cases: Mapping[str, Case]) -> str:
    days = sorted(
        {time.strftime("%Y-%m-%d", time.gmtime(each.made)) for each in cases.values() if each.made}
    )
    return " to ".join(dict.fromkeys((days[0], days[-1]))) if days else ""


def main() -> None:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [each.name for each in promises.ALL]
    parser.add_argument("--only", action="append", choices=names, default=[], help="this row only")
    parser.add_argument("--minutes", type=float, default=0, help="begin nothing more after these")
    given, more = parser.parse_known_args()
    os.chdir(REPOSITORY)
    # A shell lets what runs in its background ignore Ctrl-C; the runs that get it here must not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    journal = Journal(FIGURES)
    counting = Counting(journal, given.only, given.minutes)
    status = pytest.main(["-q", *FOLDERS, *more], plugins=[counting])
    print(render(journal.cases))
    sys.exit(int(status) or any(case.held < case.met for case in counting.ran))


if __name__ == "__main__":
    main()
