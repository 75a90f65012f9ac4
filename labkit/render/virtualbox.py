"""What VirtualBox does not show in lab.yml's words: a machine's disks and settings. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.plan import model

KEY = "labkit/extras"
"""The machine's extra data that keeps the digest (VBoxManage setextradata)."""


def extras(machine: model.Machine, options: Mapping[str, Any]) -> str:
    """Return a digest of a machine's disks and settings.

    A setting has other names where it is shown than where it is made, and a disk shows no more than
    its file. So the machine keeps what it was made with, and that is compared.

    Args:
        machine: The machine.
        options: What lab.yml says under providers.virtualbox.
    """
    own = options.get("machines", {}).get(machine.name, {})
    made = {
        "disk": machine.disk_gib if options.get("resize", True) else None,
        "disks": list(own.get("disks", ())),
        "settings": dict(own.get("settings", {})),
    }
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()
