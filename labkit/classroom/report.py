"""A class's one report: how each lab stands now, and what its last report found."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, cast

from labkit.classroom import reason, standing
from labkit.report import model

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

    from labkit.classroom import plan


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One student."""

    student: str
    display: str
    lab: str
    state: str
    """`broken`, or a word of `standing.Standing`."""
    running: int
    machines: int
    finished: str
    """When the lab was looked at last, in UTC (RFC 3339); empty where it never was."""
    first: str
    """The first thing that is wrong; empty where nothing is known to be."""
    results: tuple[model.Result, ...]
    """All that was looked at."""
    page: pathlib.Path
    """The lab's own report, where there is one."""

    @property
    def ok(self) -> bool:
        """Whether the lab runs, and is what the lab file says."""
        return self.state == "verified"

    @property
    def failures(self) -> tuple[model.Result, ...]:
        """What was not as it should be."""
        return tuple(each for each in self.results if not each.ok)


def rows(room: plan.Classroom, students: Sequence[plan.Student]) -> tuple[Row, ...]:
    """Look at the labs of students; changes nothing."""
    found = standing.look(room, students)
    return tuple(_row(room, student, found[student.name]) for student in students)


def whole(classroom: str, found: Sequence[Row]) -> model.Report:
    """Return the class as one report, in which a student stands where a machine does."""
    return model.Report(classroom, tuple(each for row in found for each in _results(row)), 0.0)


def _row(room: plan.Classroom, student: plan.Student, stand: standing.Standing) -> Row:
    space = standing.space(room, student)
    document, wrong = _document(space.path / "report.json")
    results = _read(document)
    if document and not results:
        wrong = "its last report holds nothing that can be read"
    failed = bool(document) and (not document.get("ok") or not results)
    state = "broken" if failed and stand.running else stand.word
    first = stand.error or wrong or (reason.first(_plain(results)) if failed else "")
    if failed and not first:
        first = str(document.get("incomplete") or "the last look was not finished")
    about = document.get("about")
    finished = cast("dict[str, Any]", about).get("finished") if isinstance(about, dict) else ""
    machines = len(room.labs[student.name].machines)
    return Row(
        student.name, student.display, student.lab, state, stand.running, machines,
        str(finished or ""), first, results, space.path / "report.html",
    )  # fmt: skip


def _document(path: pathlib.Path) -> tuple[dict[str, Any], str]:
    """Return a lab's last report; a student's folder may hold anything in its place."""
    try:
        found: object = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, RecursionError):
        return {}, "its last report cannot be read"
    return (cast("dict[str, Any]", found), "") if isinstance(found, dict) else ({}, "")


def _read(document: dict[str, Any]) -> tuple[model.Result, ...]:
    listed = document.get("results")
    found: list[model.Result] = []
    for each in cast("list[object]", listed) if isinstance(listed, list) else ():
        if isinstance(each, dict):
            given = cast("dict[str, Any]", each)
            found.append(
                model.Result(
                    *(str(given.get(name, "")) for name in ("machine", "check", "subject")),
                    ok=given.get("ok") is True,
                    expected=str(given.get("expected", "")),
                    actual=str(given.get("actual", "")),
                    by_hand=str(given.get("by_hand", "")),
                    repair=str(given.get("repair", "")),
                    when=str(given.get("when", "")),
                )
            )
    return tuple(found)


def _plain(results: Sequence[model.Result]) -> dict[str, object]:
    return {"results": [dataclasses.asdict(each) for each in results]}


def _results(row: Row) -> list[model.Result]:
    own = model.Result(
        row.student, "lab", "runs and is verified", ok=row.ok, expected="verified",
        actual=row.state if row.ok or not row.first else f"{row.state}: {row.first}",
        repair="" if row.ok else f"'class.up --only {row.student}'",
    )  # fmt: skip
    return [own, *(
        dataclasses.replace(each, machine=row.student, subject=f"{each.machine}: {each.subject}")
        for each in row.results
    )]  # fmt: skip
