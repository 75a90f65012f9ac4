"""The reference pages of docs/reference, made from the code; one module a page.

A page is a module with `page()`, registered by being here: `exit_codes.py` makes exit-codes.md.
`python -m labkit.reference` writes them all. It needs labkit's own repository: the examples come
from the tests' data, so that each of them is proven.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol, cast


class Page(Protocol):
    """What a module in this package provides."""

    def page(self) -> str:
        """Return the page as Markdown."""
        ...


def names() -> dict[str, str]:
    """Return each page's file name, and the name of its module."""
    found = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {f"{name.replace('_', '-')}.md": name for name in found if not name.startswith("_")}


def pages() -> dict[str, str]:
    """Return every page by its file's name."""
    modules = {
        file: importlib.import_module(f"{__name__}.{name}") for file, name in names().items()
    }
    return {file: cast("Page", module).page() for file, module in modules.items()}
