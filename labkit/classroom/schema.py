"""The JSON Schema of a class file; `python -m labkit.classroom.schema` prints it."""

from __future__ import annotations

import sys

from labkit.classroom import model
from labkit.spec import schema


def generate() -> str:
    """Return the schema as text."""
    return schema.generate(model.ClassFile, "class file")


if __name__ == "__main__":
    sys.stdout.write(generate())
