"""Machines that other parts of the file name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labkit import errors
    from labkit.spec import load


def unknown(
    spec: load.Spec, here: tuple[str, ...], names: Iterable[str]
) -> Iterator[errors.Problem]:
    """Yield a problem for each key at a place of the file that is no machine of the lab."""
    for name in names:
        if name not in spec.lab.machines:
            hint = words.nearest(name, spec.lab.machines, otherwise="the machines are")
            yield spec.problem((*here, name), f"there is no machine '{name}'", hint)
