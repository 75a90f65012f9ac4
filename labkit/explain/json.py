"""An explanation as JSON, for programs."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from labkit.report import json as json_report

if TYPE_CHECKING:
    from labkit.explain import model


def render(explanation: model.Explanation) -> str:
    """Return the steps as one JSON document."""
    document = {
        "version": json_report.VERSION,
        "lab": explanation.lab.name,
        "language": explanation.language,
        "machines": explanation.names,
        "stand_ins": explanation.stand_ins,
        "chapters": [dataclasses.asdict(chapter) for chapter in explanation.chapters],
    }
    return json.dumps(document, indent=2)
