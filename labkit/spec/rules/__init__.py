"""Rules about a whole lab, one file each, named after what it refuses; registered by being here.

A rule is a module with `check(spec, context)`, which yields a problem for each breach. What several
rules share is in modules whose names begin with '_'.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


class Rule(Protocol):
    """What a module in this package provides."""

    def check(self, spec: load.Spec, context: contexts.Context) -> Iterator[errors.Problem]:
        """Yield a problem for each breach of the rule."""
        ...


@functools.cache
def names() -> tuple[str, ...]:
    """Return the names of all rules."""
    found = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(name for name in found if not name.startswith("_"))


def check(spec: load.Spec, context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield what any of the rules finds."""
    for name in names():
        rule = cast("Rule", importlib.import_module(f"{__name__}.{name}"))
        yield from rule.check(spec, context)
