"""Rules about a whole class, one file each, named after what it refuses; registered by being here.

A rule is a module with `check(spec)`, which yields a problem for each breach.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.classroom import load


class Rule(Protocol):
    """What a module in this package provides."""

    def check(self, spec: load.Spec) -> Iterator[errors.Problem]:
        """Yield a problem for each breach of the rule."""
        ...


@functools.cache
def names() -> tuple[str, ...]:
    """Return the names of all rules."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def check(spec: load.Spec) -> Iterator[errors.Problem]:
    """Yield what any of the rules finds."""
    for name in names():
        rule = cast("Rule", importlib.import_module(f"{__name__}.{name}"))
        yield from rule.check(spec)
