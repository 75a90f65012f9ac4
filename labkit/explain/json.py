"""An explanation as JSON, for programs."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.explain import model

VERSION = 1
"""Of the document's shape; a field may be added without a new one."""


def render(explanation: model.Explanation) -> str:
    """Return the steps as one JSON document."""
    document = {
        "version": VERSION,
        "lab": explanation.lab.name,
        "language": explanation.language,
        "machines": explanation.names,
        "stand_ins": explanation.stand_ins,
        "chapters": [dataclasses.asdict(chapter) for chapter in explanation.chapters],
    }
    return json.dumps(document, indent=2)
