"""What a machine's cloud-init is told through VMware's guestinfo. Pure.

Source: cloud-init's documentation, "VMware" data source. Its keys are read at the first boot; the
user data holds the machine's private host key, and cloud-init removes it once it was read.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

import yaml

from labkit.images import seed as seeds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.images import carried
    from labkit.plan import model

METADATA = "guestinfo.metadata"
USERDATA = "guestinfo.userdata"
KEYS = (METADATA, f"{METADATA}.encoding", USERDATA, f"{USERDATA}.encoding")


def user_data(seed: seeds.Seed) -> str:
    """Return the user data: the machine's name and host key, and the account that may log in."""
    account = {
        "name": seed.user,
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "shell": "/bin/bash",
        "lock_passwd": True,
        "ssh_authorized_keys": list(seed.authorized_keys),
    }
    return seeds.user_data(seed, {"users": ["default", account]})


def with_files(user: str, files: Sequence[carried.File]) -> str:
    """Return user data that writes files of root's, too."""
    if not files:
        return user
    entries = [
        {"path": each.path, "permissions": f"0{each.mode:o}", "content": each.text}
        for each in files
    ]
    return user + yaml.safe_dump({"write_files": entries}, sort_keys=False, width=4096)


def metadata(
    machine: model.Machine, macs: Mapping[str, str], *, dhcp: bool = False
) -> dict[str, object]:
    """Return the metadata: who the machine is, and its network in netplan's words (version 2).

    Args:
        machine: The machine, its first card with the address that it shall have.
        macs: The MAC address that the vCenter gave to each kind of card.
        dhcp: Whether the first card asks for its address.
    """
    return {
        "instance-id": f"labkit-{machine.uuid}",
        "local-hostname": machine.name,
        "cleanup-guestinfo": ["userdata"],
        "network": {
            "version": 2,
            "ethernets": {
                kind: _card(machine, kind, macs[kind], dhcp=dhcp and kind == "nat")
                for kind in ("nat", "hostonly")
            },
        },
    }


def _card(machine: model.Machine, kind: str, mac: str, *, dhcp: bool) -> dict[str, object]:
    nic = next(each for each in machine.nics if each.kind == kind)
    match = {"macaddress": mac}
    if dhcp:
        return {"match": match, "dhcp4": True, "dhcp6": False}
    card: dict[str, object] = {
        "match": match,
        "dhcp4": False,
        "dhcp6": False,
        "addresses": [str(nic.address)],
    }
    if nic.gateway is not None:
        card["routes"] = [{"to": "0.0.0.0/0", "via": str(nic.gateway)}]
    if nic.dns:
        servers = [str(each) for each in nic.dns]
        card["nameservers"] = {"addresses": servers, "search": list(nic.search)}
    return card


def values(meta: Mapping[str, object], user: str) -> dict[str, str]:
    """Return both as they are kept in a machine's extra configuration."""
    return {
        METADATA: _encoded(json.dumps(meta, sort_keys=True)),
        f"{METADATA}.encoding": "base64",
        USERDATA: _encoded(user),
        f"{USERDATA}.encoding": "base64",
    }


def digest(machine: model.Machine, user: str, how: str) -> str:
    """Return sixteen digits that change when a machine would be set up in another way."""
    macs = {"nat": "", "hostonly": ""}
    said = json.dumps([metadata(machine, macs), user, how], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
