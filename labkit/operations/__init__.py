"""Kinds of wanted state, one module each; registered by being here."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from typing import TypeGuard

from labkit.operations import base

_HELPERS = frozenset({"base", "text"})


@functools.cache
def names() -> tuple[str, ...]:
    """Return the names of all kinds; nothing is imported."""
    return tuple(
        module.name for module in pkgutil.iter_modules(__path__) if module.name not in _HELPERS
    )


def kinds() -> dict[str, type[base.AnyOperation]]:
    """Return every kind of operation by its name, which is its module's name."""
    return {name: kind(name) for name in names()}


@functools.cache
def kind(name: str) -> type[base.AnyOperation]:
    """Return the kind of operation of a name of `names`; imports no other one's module."""
    module = importlib.import_module(f"{__name__}.{name}")
    for member in vars(module).values():
        # The parametrised base, `Operation[State]`, is abstract and made in the same module.
        if _is_operation(member) and not inspect.isabstract(member):
            return member
    raise ImportError(f"labkit/operations/{name}.py defines no Operation")


def _is_operation(member: object) -> TypeGuard[type[base.AnyOperation]]:
    return inspect.isclass(member) and issubclass(member, base.Operation)
