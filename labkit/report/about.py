"""When, with what and how long: what a report says of the run that made it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import platform
from typing import TYPE_CHECKING

import labkit

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class About:
    """One run of one task. It says nothing of who ran it, and where."""

    task: str
    """`up` or `verify`."""
    finished: str
    """The time in UTC (RFC 3339), to the second."""
    labkit: str
    """The version of labkit."""
    python: str
    """The version of Python."""
    system: str
    """The host's operating system and architecture."""
    provider: str
    """What made the machines."""
    phases: dict[str, float] = dataclasses.field(default_factory=dict[str, float])
    """Seconds that each phase of the run took."""


def here(task: str, provider: str, phases: Mapping[str, float]) -> About:
    """Describe a run that ends now, on this host."""
    return About(
        task=task,
        finished=dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        labkit=labkit.__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        provider=provider,
        phases=dict(phases),
    )
