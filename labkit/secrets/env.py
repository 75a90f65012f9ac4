"""Secrets in environment variables, which the programs that labkit starts do not inherit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from labkit import errors

if TYPE_CHECKING:
    from collections.abc import Iterable

_TAKEN: dict[str, str] = {}
"""Variables that were taken out of the environment."""


def take(names: Iterable[str]) -> None:
    """Take variables out of the environment, and keep their values for `read`.

    A child process begins with a copy of the environment. One that serves a machine for days, or
    runs as another user, must not hold what is meant for one file of one machine.
    """
    for name in names:
        if name in os.environ:
            _TAKEN[name] = os.environ.pop(name)


def held() -> tuple[str, ...]:
    """Return the values that were taken, for whoever must make sure that none of them shows."""
    return tuple(_TAKEN.values())


def taken() -> dict[str, str]:
    """Return what was taken, for another labkit that takes it out of its environment in turn."""
    return dict(_TAKEN)


def read(name: str) -> str:
    """Return the value of a variable.

    Raises:
        errors.LabError: It is not set, or not text.
    """
    value = os.environ.get(name, _TAKEN.get(name))
    if value is None:
        raise errors.LabError(
            f"the environment variable {name} is not set",
            hint=f"set it, without a trace in the shell's history: read -rs {name}; export {name}",
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        # Bytes that are not UTF-8 arrive as lone surrogates (PEP 383).
        raise errors.LabError(
            f"the environment variable {name} is not UTF-8 text", hint="set it to text"
        ) from None
    return value
