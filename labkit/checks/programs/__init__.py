"""What runs on machines rather than here: each is a program of its own, sent as text."""

from __future__ import annotations

import functools
import importlib.resources


@functools.cache
def text(name: str) -> str:
    """Return the text of a program."""
    source = importlib.resources.files(__name__) / f"{name}.py"
    return source.read_text(encoding="utf-8")
