"""Whether a machine that runs is what lab.yml says now. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors
from labkit.providers.qemu import command

if TYPE_CHECKING:
    from collections.abc import Sequence


def refuse_other(machine: str, runs: Sequence[str], wanted: list[str]) -> None:
    """Refuse a machine that was started with another argument list.

    Raises:
        errors.ProviderError: It was.
    """
    if list(runs) in (wanted, command.held(wanted)):
        return
    if any(",mcast=" in word for word in runs):
        raise errors.ProviderError(
            f"{machine} runs on a segment that other users of this host can reach: an older labkit "
            "has started it",
            hint="'lab.halt', then 'lab.up' starts all machines on one that they cannot",
        )
    raise errors.ProviderError(
        f"{machine} runs with other hardware than lab.yml says now",
        hint=f"'lab.halt --only {machine}', then 'lab.up' starts it with the new one",
    )
