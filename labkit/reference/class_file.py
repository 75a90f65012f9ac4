"""The keys of class.yml: from the model by which it is checked, and its JSON Schema."""

from __future__ import annotations

import json

from labkit.classroom import model, roster, rules, schema
from labkit.reference import _markdown, _shape

_INTRODUCTION = f"""
A class file stands beside the lab file of which each student's lab is made. Every value is checked
before anything is made, and every problem is reported with its line and column. Editors complete
from [the JSON Schema](class.schema.json).
[How to use it](../how-to/class.md).

A roster is a CSV file in UTF-8, with or without a byte order mark. Commas, semicolons or tabs stand
between the values. The first line names the columns: `name` must be there; there can be
{", ".join(f"`{column}`" for column in roster.COLUMNS if column != "name")}. They mean what the keys
of a student mean.
"""
_PLACES = {
    "ClassFile": "The file",
    "HostEntry": "hosts.NAME",
    "StudentEntry": "students.NAME, and a roster's line",
}


def page() -> str:
    """Return the page."""
    document = json.loads(schema.generate())
    parts = _shape.sections(document, (model,), "ClassFile", _PLACES, _shape.default)
    parts += ["## Rules", *_shape.rules(rules.__name__, rules.names())]
    return _markdown.page("class.yml", _INTRODUCTION, *parts)
