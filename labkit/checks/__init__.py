"""What only several machines together, or the running whole, can show; one module a check."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil

from labkit.checks import base


@functools.cache
def every() -> dict[str, base.Check]:
    """Return every check by its name, which is its module's name."""
    found: dict[str, base.Check] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for member in vars(module).values():
            if (
                inspect.isclass(member)
                and issubclass(member, base.Check)
                and member.__module__ == module.__name__
                and not inspect.isabstract(member)
            ):
                found[info.name] = member()
    return found
