"""Students' labs with events that were really written and signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import secret, workspace
from labkit.board import roll
from labkit.events import log, model
from labkit.report import model as reports

if TYPE_CHECKING:
    import pathlib


def desk(folder: pathlib.Path, student: str, display: str = "", *, local: bool = True) -> roll.Desk:
    """Return a student's place, with a lab of its own in a folder."""
    space = workspace.Workspace(folder / student, f"k8s--{student}")
    space.make()
    (space.folder / log.KEY).write_text(f"secret of {student}")
    key = log.private(secret.Secret(f"secret of {student}")).public_key()
    return roll.Desk(student, display or student, space.lab, key, space.path if local else None)


def space(folder: pathlib.Path, student: str) -> workspace.Workspace:
    """Return the workspace of a student's lab."""
    return workspace.Workspace(folder / student, f"k8s--{student}")


def up(where: workspace.Workspace, *failures: str) -> None:
    """Write what `up` writes, with things that are wrong on web-01."""
    results = [
        reports.Result("web-01", "file", each, ok=False, actual="a token") for each in failures
    ]
    results += [reports.Result("web-01", "hostname", "name", ok=True)] * 9
    with log.task(where, "lab.up", lambda _: None):
        log.report(where, reports.Report(where.lab, tuple(results), 1.0))


def lines(where: workspace.Workspace) -> list[bytes]:
    """Return the lines that were written."""
    return (where.path / log.NAME).read_bytes().splitlines(keepends=True)


def event(line: bytes) -> model.Event:
    """Return a line's event."""
    return model.read(line)[0]
