"""Where pages take their words from: the repository, docstrings and the tests' data."""

from __future__ import annotations

import inspect
import pathlib
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = pathlib.Path(__file__).parents[2]


def words(thing: object) -> str:
    """Return what a docstring says, without the sections for programmers (Args, Raises, ...)."""
    text = inspect.getdoc(thing) or ""
    for section in ("Args:", "Returns:", "Yields:", "Raises:"):
        text = text.partition(f"\n{section}\n")[0]
    return text.strip()


def first(thing: object) -> str:
    """Return a docstring's first sentence."""
    return " ".join(words(thing).partition("\n\n")[0].split())


def cases(kind: str, name: str) -> Iterator[dict[str, Any]]:
    """Yield the tests' data cases, for example those of the operation `hostname`."""
    for file in sorted((REPOSITORY / "tests" / "cases" / kind / name).glob("*.yml")):
        yield yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader


class _Loader(yaml.SafeLoader):
    """YAML with the `!secret` of the operations' cases, whose text no page shows."""


def _secret(loader: _Loader, node: yaml.ScalarNode) -> str:
    del loader, node
    return "(secret)"


_Loader.add_constructor("!secret", _secret)
