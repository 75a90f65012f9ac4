"""A report as JSON, for programs."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from labkit import wording

if TYPE_CHECKING:
    from labkit.report import about as abouts
    from labkit.report import model

VERSION = 2
"""Of the document's shape; a field may be added without a new one."""


def render(report: model.Report, about: abouts.About | None = None) -> str:
    """Return the report as one JSON document, in ASCII whatever the machines printed.

    Args:
        report: What was found.
        about: The run that found it; files say it, the output of a task does not.
    """
    document: dict[str, Any] = {"version": VERSION, "ok": report.ok, **dataclasses.asdict(report)}
    for result in document["results"]:
        result |= {key: wording.command(result[key]) for key in ("by_hand", "repair")}
    if about is not None:
        document["about"] = dataclasses.asdict(about)
    return json.dumps(document, indent=2)
