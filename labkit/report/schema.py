"""The JSON Schema (draft 2020-12) of a report, for whoever reads one with a program.

`python -m labkit.report.schema` prints it. A later version of labkit may add fields to the same
version of the document, so that fields nobody has described yet are allowed.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from typing import Any

import pydantic

from labkit import docstrings
from labkit.report import about, model
from labkit.report import json as json_report

_SHAPES = (model.Report, model.Result, model.Setting, model.Repair, about.About)
_OWN = {
    "version": {
        "const": json_report.VERSION,
        "description": "Of the document's shape; a field may be added without a new one.",
    },
    "ok": {
        "type": "boolean",
        "description": "Whether everything was as it should be, and anything was looked at.",
    },
    "about": {"$ref": "#/$defs/About"},
}


def generate() -> str:
    """Return the schema as text."""
    shapes = {shape.__name__: _shape(shape) for shape in _SHAPES}
    report = shapes.pop("Report")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "labkit report",
        **report,
        "required": ["version", "ok", *report["required"]],
        "properties": {**_OWN, **report["properties"]},
        "$defs": shapes,
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _shape(shape: type) -> dict[str, Any]:
    """Describe a dataclass: its fields' types by pydantic, their meanings by their docstrings."""
    described = pydantic.TypeAdapter(shape).json_schema(ref_template="#/$defs/{model}")
    described.pop("$defs", None)
    meanings = docstrings.attributes(shape)
    for name, field in described["properties"].items():
        del field["title"]  # it repeats the key
        field.pop("default", None)  # a document has every field
        if name in meanings:
            field["description"] = meanings[name]
    described["description"] = " ".join((inspect.getdoc(shape) or "").split())
    described["required"] = [field.name for field in dataclasses.fields(shape)]
    del described["title"]
    return described


if __name__ == "__main__":
    sys.stdout.write(generate())
