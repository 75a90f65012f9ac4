"""Reports as files: those that were asked for, and the last one of each lab."""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
from typing import TYPE_CHECKING

import rich.console

from labkit import errors, visible, workspace
from labkit.events import log
from labkit.report import draft as drafts
from labkit.report import html, json, junit, model, text
from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Sequence

    from labkit.plan import model as plans
    from labkit.report import about as abouts

_WIDE = 20_000
"""Columns of a text file: no table is folded, whatever the number of machines."""


def _text(lab: plans.Lab, report: model.Report, about: abouts.About) -> str:
    del lab
    file = io.StringIO()
    console = rich.console.Console(
        file=file,
        width=_WIDE,
        color_system=None,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(f"'{about.task}' with labkit {about.labkit}, finished {about.finished}")
    for part in text.render(report):
        console.print(part, soft_wrap=True)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


FORMATS: dict[str, Callable[[plans.Lab, model.Report, abouts.About], str]] = {
    ".html": html.render,
    ".json": lambda _, report, about: json.render(report, about) + "\n",
    ".xml": lambda _, report, about: junit.render(report, about),
    ".txt": _text,
}
"""What writes a report, by the file's ending."""


def wanted(
    given: Iterable[str], formats: Collection[str] = tuple(FORMATS), what: str = "a report"
) -> tuple[pathlib.Path, ...]:
    """Return the files of `--output`, before anything is done that could be for nothing.

    Args:
        given: Their names.
        formats: The endings that a name can have.
        what: The things that are written.

    Raises:
        errors.LabError: A name's ending says no format, or its folder is not there.
    """
    paths = tuple(map(pathlib.Path, given))
    for path in paths:
        if path.suffix.lower() not in formats:
            raise errors.LabError(
                f"'{visible.line(str(path))}' says no format of {what}",
                hint=f"end its name with {words.one_of(formats)}",
            )
        if not path.parent.is_dir():
            raise errors.LabError(
                f"there is no folder '{visible.line(str(path.parent))}' to write {what} to",
                hint="make it, or name a file elsewhere",
            )
    return paths


def write(
    paths: Iterable[pathlib.Path], lab: plans.Lab, report: model.Report, about: abouts.About
) -> None:
    """Write a report to files, each of them at once.

    Raises:
        errors.LabError: A disk did not take one; the others are written all the same.
    """
    refused: list[errors.LabError] = []
    for path in paths:
        try:
            made = FORMATS[path.suffix.lower()](lab, report, about)
            workspace.write(path, made, mode=0o644)
        except errors.LabError as error:
            refused.append(error)
    if refused:
        raise refused[0]


def keep(
    space: workspace.Workspace, lab: plans.Lab, report: model.Report, about: abouts.About
) -> str:
    """Keep the last report in the lab's folder, for its owner only; return a line that says where.

    A disk that is full is said in that line: it is no reason to hide what was found.
    """
    page = space.path / "report.html"
    try:
        workspace.write(space.path / "report.json", FORMATS[".json"](lab, report, about))
        workspace.write(page, html.render(lab, report, about))
        log.report(space, report)
    except errors.LabError as error:
        return f"no report was kept: {error.message}"
    return f"report: {os.path.relpath(page)}"


@contextlib.contextmanager
def failing(
    paths: Sequence[pathlib.Path],
    lab: plans.Lab,
    machines: Iterable[str],
    about: Callable[[], abouts.About],
    *,
    draft: drafts.Draft | None = None,
    space: workspace.Workspace | None = None,
) -> Generator[None]:
    """Write the report also when the run ends before its end: it then says why.

    Args:
        paths: The files that were asked for.
        lab: The plan.
        machines: The names of those that the run is about.
        about: Describes the run.
        draft: What was seen so far is in it.
        space: Where the last report is kept, once the run has begun to look.
    """
    try:
        yield
    except BaseException as error:
        found = draft or drafts.Draft()
        report = found.report(lab.name, machines, error)
        with contextlib.suppress(errors.LabError):  # the first error is the one that counts
            write(paths, lab, report, about())
        if space and found.begun:
            keep(space, lab, report, about())
        raise
