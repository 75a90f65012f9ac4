"""What goes wrong before a machine has answered, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors

if TYPE_CHECKING:
    from labkit.providers import base


class AnotherKeyError(errors.UnreachableError):
    """Something showed another host key than the pinned one; waiting does not mend that."""


def another_key(endpoint: base.Endpoint) -> AnotherKeyError:
    """Say that something else answers where the machine should."""
    return AnotherKeyError(
        f"{endpoint.machine} showed another host key than the one pinned when it was made",
        hint="something else answers on "
        f"{endpoint.host}:{endpoint.port}; nothing was sent to it. If the machine was "
        "replaced on purpose, destroy the lab and bring it up again",
    )


def silent(endpoint: base.Endpoint, error: Exception) -> errors.UnreachableError:
    """Say why there is no connection."""
    return errors.UnreachableError(
        f"{endpoint.machine} does not answer on {endpoint.host}:{endpoint.port}: "
        f"{str(error) or type(error).__name__}"
    )
