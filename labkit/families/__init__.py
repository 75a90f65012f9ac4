"""Families of distributions, one module each; what differs between them is here and only here."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING

from labkit.families import base

if TYPE_CHECKING:
    from collections.abc import Callable


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


def choose(text: Callable[[base.Family], str]) -> str:
    """Return shell text that prints the words for `of` in a line, then runs the family's own text.

    Args:
        text: Gives each family's shell text; an empty one does nothing.
    """
    branches: list[str] = []
    for family in every():
        words = "|".join(f"*' {word} '*" for word in sorted(family.ids))
        branches.append(f"{words}) {text(family) or ':'} ;;")
    find = f"ids=$({{ {base.PROBE}; }} 2>/dev/null); printf '%s\\n' \"$ids\""
    return f'{find}; case " $ids " in {" ".join(branches)} esac'
