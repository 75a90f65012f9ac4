"""Names to numbers: everything a machine is told apart by follows from two names.

Nothing here looks at list positions or at what happens to be free, so that adding, removing or
moving machines in lab.yml changes nothing for the others.
"""

from __future__ import annotations

import hashlib
import uuid

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "labkit")

# Below Linux's ephemeral ports (ip_local_port_range starts at 32768) and above well-known services.
_FIRST_PORT = 10240
_PORTS = 32768 - _FIRST_PORT


def _digest(*names: str) -> bytes:
    # The separator cannot occur in a name, so ("ab", "c") and ("a", "bc") differ.
    return hashlib.sha256("\0".join(names).encode()).digest()


def lab_id(lab: str) -> str:
    """Return the twelve hexadecimal digits that mark what belongs to a lab."""
    return _digest("lab", lab).hex()[:12]


def machine_uuid(lab: str, machine: str) -> uuid.UUID:
    """Return the SMBIOS system UUID of a machine (RFC 9562, version 5)."""
    return uuid.uuid5(_NAMESPACE, f"{lab}/{machine}")


def connection_uuid(lab: str, machine: str, nic: str) -> uuid.UUID:
    """Return the UUID of the NetworkManager connection for a card."""
    return uuid.uuid5(_NAMESPACE, f"{lab}/{machine}/{nic}")


def network_uuid(lab: str, kind: str) -> uuid.UUID:
    """Return the UUID of a network of the lab; no machine's name has a slash."""
    return uuid.uuid5(_NAMESPACE, f"{lab}/networks/{kind}")


def relay_uuid(lab: str, machine: str) -> uuid.UUID:
    """Return what the process is known by that forwards ports to a machine."""
    return uuid.uuid5(_NAMESPACE, f"{lab}/relays/{machine}")


def mac(lab: str, machine: str, nic: str) -> str:
    """Return a unicast, locally administered MAC address (IEEE 802, section 8.4)."""
    octets = bytearray(_digest("mac", lab, machine, nic)[:6])
    octets[0] = (octets[0] & 0xFC) | 0x02
    return octets.hex(":")


def extra_mac(lab: str, machine: str, adapter: int) -> str:
    """Return the MAC address of a card beside the two that each machine has; they count from 3."""
    return mac(lab, machine, f"extra-{adapter}")


def ssh_port(lab: str, machine: str) -> int:
    """Return the port on 127.0.0.1 that leads to the machine's SSH."""
    return _FIRST_PORT + int.from_bytes(_digest("ssh", lab, machine)[:4]) % _PORTS
