"""The checks that lab.yml adds: one module a kind, found by the kind's name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from labkit.checks.own import base
    from labkit.plan import model


def of(lab: model.Lab) -> dict[str, base.Own]:
    """Return the lab's own checks by the names that reports show, as they stand in lab.yml."""
    return {f"checks.{own.name}": _check(own) for own in lab.checks}


def _check(own: model.OwnCheck) -> base.Own:
    module = importlib.import_module(f"{__name__}.{own.kind}")
    return cast("base.Own", module.Check(own))
