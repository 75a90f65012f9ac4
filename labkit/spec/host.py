"""What the machine that labkit runs on has to offer."""

from __future__ import annotations

import dataclasses

MIB = 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """The machine that the lab will run on."""

    memory_mib: int
    cpus: int


def here() -> Host:
    """Look at this machine: its physical memory and its logical CPUs."""
    import psutil  # noqa: PLC0415 - slow to import, and not every run looks at its host

    return Host(psutil.virtual_memory().total // MIB, psutil.cpu_count() or 1)
