"""No student's name is one that Windows keeps for a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec.rules import name_reserved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.classroom import load


def check(spec: load.Spec) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    for name in spec.students.students:
        if name in name_reserved.DEVICES:
            message = f"'{name}' is the name of a device on Windows"
            yield spec.problem(name, "", message, "choose another name")
