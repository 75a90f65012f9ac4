"""Families of distributions, one module each; what differs between them is here and only here."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil

from labkit.families import base


def of(ids: str) -> base.Family | None:
    """Return the family that answers to one of os-release(5)'s `ID` and `ID_LIKE` words."""
    words = ids.split()
    for family in every():
        if family.ids.intersection(words):
            return family
    return None


@functools.cache
def every() -> tuple[base.Family, ...]:
    """Return one of each family."""
    found: list[base.Family] = []
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found.extend(
            member()
            for member in vars(module).values()
            if inspect.isclass(member)
            and issubclass(member, base.Family)
            and member.__module__ == module.__name__
            and not inspect.isabstract(member)
        )
    return tuple(found)
