"""The report of a class as HTML, JSON and JUnit XML: a row for each student."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import urllib.parse
from typing import TYPE_CHECKING, Any

from labkit.classroom import report as reports
from labkit.report import excerpt, html, junit

if TYPE_CHECKING:
    from labkit.report import about as abouts

_LISTED = 12
"""Failures of a student that the page lists; the lab's own report has all."""
SIGNS = {"verified": "✓", "broken": "✗", "up": "○", "partly": "◐", "stopped": "■",
         "absent": "·", "unknown": "?"}  # fmt: skip
_ORDER = ("broken", "unknown", "partly", "stopped", "absent", "up", "verified")
"""Who needs a teacher comes first."""


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    classroom: str
    rows: tuple[reports.Row, ...]
    about: abouts.About

    @property
    def ok(self) -> bool:
        """Whether every lab is verified."""
        return bool(self.rows) and all(row.ok for row in self.rows)


def _page(report: Report, path: pathlib.Path) -> str:
    style, script = html.ours("report.css") + html.ours("board.css"), html.ours("board.js")
    rows = sorted(report.rows, key=lambda row: (_ORDER.index(row.state), row.student))
    counts = {state: sum(row.state == state for row in rows) for state in _ORDER}
    return html.template("class-report.html.j2").render(
        report=report,
        rows=[_shown(row, path) for row in rows],
        counts=counts,
        signs=SIGNS,
        style=style,
        script=script,
        policy=html.policy((style,), script),
    )


def _shown(row: reports.Row, path: pathlib.Path) -> dict[str, Any]:
    failures = row.failures
    return {
        "row": row,
        "sign": SIGNS[row.state],
        "first": excerpt.line(row.first),
        "good": len(row.results) - len(failures),
        "total": len(row.results),
        "more": max(0, len(failures) - _LISTED),
        "failures": [
            (
                excerpt.line(f"{each.machine}: {each.subject}"),
                each.check,
                excerpt.cut(each.expected),
                excerpt.cut(each.actual),
            )
            for each in failures[:_LISTED]
        ],
        "link": _link(row.page, path),
    }


def _link(page: pathlib.Path, path: pathlib.Path) -> str:
    """Return the way from the class's report to a lab's, which works as long as both stay."""
    if not page.is_file():
        return ""
    try:
        way = os.path.relpath(page, path.absolute().parent)
    except ValueError:  # another drive of Windows
        return page.as_uri()
    return urllib.parse.quote(pathlib.PurePath(way).as_posix())


def _json(report: Report, path: pathlib.Path) -> str:
    del path
    return f"{document(report)}\n"


def document(report: Report) -> str:
    """Return the report as one JSON document, in ASCII whatever the machines printed."""
    students = {
        row.student: {
            "display": row.display,
            "lab": row.lab,
            "state": row.state,
            "ok": row.ok,
            "machines": row.machines,
            "running": row.running,
            "finished": row.finished,
            "total": len(row.results),
            "failed": len(row.failures),
            "first": row.first,
            "failures": [
                {
                    "machine": each.machine,
                    "check": each.check,
                    "subject": each.subject,
                    "expected": each.expected,
                    "actual": each.actual,
                }
                for each in row.failures
            ],
        }
        for row in report.rows
    }
    about = dataclasses.asdict(report.about)
    whole = {"version": 1, "class": report.classroom, "ok": report.ok, "students": students}
    return json.dumps({**whole, "about": about}, indent=2)


def _junit(report: Report, path: pathlib.Path) -> str:
    del path
    return junit.render(reports.whole(report.classroom, report.rows), report.about)


FORMATS = {".html": _page, ".json": _json, ".xml": _junit}
"""What writes the report, by the file's ending."""
