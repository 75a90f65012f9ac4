"""`class.report`."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from labkit import console, errors, workspace
from labkit.classroom import render as rendering
from labkit.classroom import report as reports
from labkit.report import about, save
from labkit.tasks import base
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    import invoke.context

_DEFAULT = "class-report.html"


@_base.task(
    iterable=("only", "output"),
    output="write the report to this .html, .json or .xml (JUnit) file; may be repeated "
    f"(default: {_DEFAULT})",
)
def report(
    _: invoke.context.Context,
    only: list[str],
    output: list[str],
    file: str = "",
    host: str = "",
    format: str = "",
) -> None:
    """Write the class's one report, of how the labs stand and what was found last; looks only."""
    as_json = base.wants_json(format)
    files = save.wanted(output, tuple(rendering.FORMATS))
    if not files and not as_json:
        files = (pathlib.Path(_DEFAULT),)
    room = _base.open_class(file)
    students = _base.choose(room, only, host)
    run = about.here("class.report", _base.host_of(room, students).provider, {})
    found = rendering.Report(room.name, reports.rows(room, students), run)
    for path in files:
        text = rendering.FORMATS[path.suffix.lower()](found, path)
        workspace.write(path, text, mode=0o644)
    if as_json:
        print(rendering.document(found))
    else:
        good = sum(row.ok for row in found.rows)
        console.out.print(f"{good} of {len(found.rows)} students verified", soft_wrap=True)
        for path in files:
            console.out.print(f"report: {path}", soft_wrap=True, markup=False)
    base.leave(errors.ExitCode.YES if found.ok else errors.ExitCode.NO)
