"""Pieces of pages."""

from __future__ import annotations

from typing import Any

import yaml

from labkit.markdown import code, one_of, table, word

__all__ = ["NOTE", "code", "dump", "one_of", "page", "table", "word"]

NOTE = "<!-- Made by `python -m labkit.reference` from the code; do not edit. -->"


def page(title: str, *parts: str) -> str:
    """Join a page's parts under its title."""
    return "\n\n".join((NOTE, f"# {title}", *(part.strip("\n") for part in parts if part))) + "\n"


def dump(data: Any) -> str:  # noqa: ANN401 - whatever YAML can hold
    """Return data as YAML, in their own order."""
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=90)
