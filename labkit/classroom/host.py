"""What the host of a class has to offer: what the class file says, else what is seen here."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from labkit.classroom import capacity
from labkit.spec import host as hosts

if TYPE_CHECKING:
    from labkit.classroom import plan


def here(room: plan.Classroom, host: plan.Host) -> capacity.Host:
    """Look at this host: its memory and processors, and the disk of the class folder.

    What the class's machines take already is not taken off: it is a part of what they need.
    """
    seen = hosts.here()
    disk = shutil.disk_usage(room.folder).free >> 20
    return capacity.Host(
        memory_mib=min(host.memory_mib or seen.memory_mib, seen.memory_mib),
        cpus=host.cpus or seen.cpus,
        disk_mib=min(host.disk_gib << 10, disk) if host.disk_gib else disk,
    )
