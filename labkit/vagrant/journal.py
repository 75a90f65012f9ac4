"""The names that Vagrant gives the machines that it is making, from its log. Pure.

Vagrant notes a machine in the lab's folder when VirtualBox has made it. Until then, and for good
when it is killed there, the machine bears a name of milliseconds and a random number
(`temp_clone_1700000000000_12345`), and only Vagrant's log tells which lab it was made for.
"""

from __future__ import annotations

import re

FILE = "vagrant.log"
"""In the folder of a machine."""
_MAKING = re.compile(
    r'Starting process: \[.*?"(?:clonevm|import)", .*?"--(?:vm)?name", "(?P<name>[^"]+)"'
)


def names(log: str) -> set[str]:
    """Return the names of all machines that Vagrant told VirtualBox to clone or to import."""
    return {found["name"] for found in _MAKING.finditer(log)}
