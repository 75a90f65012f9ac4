"""What became of evidence, for people and for programs; all that is in it may be anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich.markup

from labkit import visible

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from labkit.lifecycle import evidence
    from labkit.report import model

VERSION = 1
"""Of the documents' shape; a field may be added without a new one."""


def lines(path: pathlib.Path, found: evidence.Checked, own: bytes | None = None) -> Iterator[str]:
    """Yield what is to be printed of evidence that was checked.

    Args:
        path: Its file.
        found: What became of it.
        own: The lab file here, to say whether the one in it is the same.
    """
    verdict = found.verdict
    for change in verdict.changes:
        yield f"[red]changed:[/] {_safe(change)}"
    if verdict.unchanged:
        yield f"[green]unchanged:[/] all {len(verdict.files)} files of {_safe(str(path))}"
        yield f"says: {_said(found.report)}"
    if verdict.signer:
        yield f"signed by: {verdict.signer.fingerprint}, {_whose(found.known)}"
    if verdict.unchanged and own is not None:
        same = "the same as" if found.lab_file == own else "[yellow]another one than[/]"
        yield f"lab file: {same} the one here"


def _said(report: dict[str, Any]) -> str:
    run = report.get("about")
    told: dict[str, Any] = run if isinstance(run, dict) else {}  # pyright: ignore[reportUnknownVariableType]
    results = report.get("results")
    count = len(results) if isinstance(results, list) else 0  # pyright: ignore[reportUnknownArgumentType]
    well = "all as it should be" if report.get("ok") is True else "[red]not all as it should be[/]"
    head = f"lab {report.get('lab', '?')} on {told.get('finished', '?')}"
    return f"{_safe(head)}, {count} looked at: {well}"


def _whose(known: bool | None) -> str:
    match known:
        case True:
            return "[green]the lab's key[/]"
        case False:
            return "[red]which is not the lab's key[/]"
        case _:
            return "and no key is at hand to compare it with (--key FILE)"


def document(path: pathlib.Path, found: evidence.Checked) -> dict[str, object]:
    """Return the same as plain data."""
    signer = found.verdict.signer
    return {
        "version": VERSION,
        "ok": found.ok,
        "file": str(path),
        "unchanged": found.verdict.unchanged,
        "changes": list(found.verdict.changes),
        "files": list(found.verdict.files),
        "fingerprint": signer.fingerprint if signer else None,
        "known": found.known,
        "report": {key: found.report.get(key) for key in ("lab", "ok", "about")},
    }


def made(path: pathlib.Path, found: evidence.Evidence, report: model.Report) -> dict[str, object]:
    """Return what was made, as plain data."""
    return {
        "version": VERSION,
        "ok": report.ok,
        "file": str(path),
        "files": list(found.names),
        "fingerprint": found.signer.fingerprint,
    }


def _safe(text: str) -> str:
    return rich.markup.escape(visible.line(text))
