"""What a class costs on a simulated vCenter, as docs/explanation/figures/vsphere.md.

`./lab bench vsphere` brings up thirty students with four machines each, with tasks of 300 ms, and
one lab of a thousand machines, whose tasks take no time. A row is one verb with all that was asked
of the vCenter; the simulator counts, not labkit.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import pathlib
import platform
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from bench import script
from labkit import errors
from labkit.providers.vsphere import options
from tests.e2e.vsphere import building, school, vcenter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

FIGURES = pathlib.Path(__file__).parents[1] / "docs" / "explanation" / "figures" / "vsphere.md"
_TASK = 0.3
_STUDENTS, _EACH, _MANY = 30, 4, 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One verb, once."""

    what: str
    machines: int
    seconds: float
    counts: vcenter.Counts
    most_seconds: float
    """What it must reach."""
    most_calls: float
    is_each: bool
    """Whether the calls are counted by machine."""

    @property
    def calls(self) -> float:
        """Calls in all, or by machine."""
        return self.counts.total / self.machines if self.is_each else self.counts.total

    @property
    def ok(self) -> bool:
        """Whether it reaches what it must."""
        return self.calls <= self.most_calls and self.seconds <= self.most_seconds

    def __str__(self) -> str:
        """Return the row of a table."""
        limit = f"{self.most_seconds:.0f} s" if self.most_seconds < float("inf") else "none"
        each = " a machine" if self.is_each else ""
        calls = f"{self.calls:.1f}" if self.is_each else f"{self.calls:.0f}"
        return (
            f"| {self.what} | {self.seconds:.1f} s | {limit} | {calls}{each} "
            f"| {self.most_calls:.0f}{each} | {self.counts.most} | {'yes' if self.ok else 'NO'} |"
        )


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often all is measured")
    rounds: int = parser.parse_args().rounds
    needed = building.missing()
    if needed:
        raise errors.LabError("the simulator of vSphere cannot be built", hint=needed)
    rows = [row for _ in range(rounds) for row in (*_class(), *_many())]
    text = page(rows)
    print(text)
    FIGURES.write_text(text, encoding="utf-8")
    sys.exit(not all(row.ok for row in rows))


@contextlib.contextmanager
def _school(count: int, machines: int, task: float) -> Generator[school.School]:
    """Run a vCenter with a template and two machines of others, and labs for it."""
    with tempfile.TemporaryDirectory() as text:
        folder = pathlib.Path(text)
        with vcenter.running(folder) as there:
            there.template()
            there.make("foreign", on=True)
            there.make("s00-foreign")
            there.set(task=task)
            os.environ[options.SERVER], os.environ[options.USER] = there.host, there.user
            os.environ[options.PASSWORD] = there.password
            said = school.settings(there)
            names = [f"s{number:02}" for number in range(count)]
            files = tuple(
                school.write(folder / name, name, said, machines, number * machines)
                for number, name in enumerate(names)
            )
            try:
                yield school.School(there, files)
            finally:
                school.close()


def _measure(labs: school.School, act: Callable[[], object]) -> tuple[float, vcenter.Counts]:
    labs.open()  # which logs out whoever was there before
    labs.there.reset()
    start = time.monotonic()
    failed = act()
    took = time.monotonic() - start
    if failed:
        raise errors.LabError(f"not all went well: {failed}")
    return took, labs.there.counts()


def _class() -> Iterator[Row]:
    machines = _STUDENTS * _EACH
    with _school(_STUDENTS, _EACH, _TASK) as labs:
        took, counts = _measure(labs, labs.up)
        what = f"{machines} machines ({_STUDENTS} students) up, {_TASK * 1000:.0f} ms tasks"
        yield Row(what, machines, took, counts, 30, 12, is_each=True)
        took, counts = _measure(labs, lambda: labs.together() and None)
        what = f"{machines} machines ({_STUDENTS} students): status of the class"
        yield Row(what, machines, took, counts, 2, 4, is_each=False)


def _many() -> Iterator[Row]:
    with _school(1, _MANY, 0) as labs:
        before = school.machines(labs.there)
        took, counts = _measure(labs, labs.up)
        yield Row(f"{_MANY} machines up", _MANY, took, counts, float("inf"), 12, is_each=True)
        took, counts = _measure(labs, lambda: labs.states() and None)
        yield Row(f"{_MANY} machines: status", _MANY, took, counts, 2, 4, is_each=False)
        took, counts = _measure(labs, labs.up)
        what = f"{_MANY} machines: up again with nothing to do"
        yield Row(what, _MANY, took, counts, 3, 20, is_each=False)
        took, counts = _measure(labs, labs.destroy)
        what = f"{_MANY} machines: destroy"
        yield Row(what, _MANY, took, counts, float("inf"), 8, is_each=True)
        if school.machines(labs.there) != before:
            raise errors.LabError("something foreign was touched, or something is left")


def page(rows: list[Row]) -> str:
    """Return the page."""
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    lines = [
        "# vSphere: calls and seconds",
        "",
        "Made by `./lab bench vsphere`, against the simulator in `tests/e2e/vsphere/simulator`;",
        "nothing here is typed in. A simulator says how many calls labkit makes, and how much of",
        "the time is its own. How long a real vCenter takes for a clone, only a real one can say.",
        "The simulated machines have no inside, so each verb ends where SSH begins.",
        "",
        f"Host: {system}, load {os.getloadavg()[0]:.1f} at the end, the simulator on the same one.",
        "",
        "| | seconds | at most | calls | at most | tasks at once | reached |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *map(str, rows),
    ]
    for row in rows:
        counted = sorted(row.counts.calls.items(), key=lambda item: (-item[1], item[0]))
        lines += ["", f"## {row.what}", "", "| call | number |", "| --- | ---: |"]
        lines += [f"| {name} | {number} |" for name, number in counted]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    script.run(main)
