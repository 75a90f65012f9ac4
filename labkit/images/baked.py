"""Images that hold a lab's provisioning: what decides their content, and how they are finished."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

from labkit import shell
from labkit.images import process, store

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence

VERSION = 1
"""Part of the digest: a change of what this module does makes new images."""

# What belongs to one machine or to one boot, or only takes room. Files that the image ships are
# emptied in place, which keeps their SELinux labels, as customize.sh leaves them.
_CLEAN = """set -eu
for home in /root {home}; do
    rm -rf "$home/.bash_history" "$home/.cache" "$home/.ansible" "$home/.ssh/known_hosts"
    [ ! -e "$home/.ssh/authorized_keys" ] || : > "$home/.ssh/authorized_keys"
done
rm -f /etc/ssh/ssh_host_*_key.old /var/lib/labkit/seeded
: > /etc/ssh/ssh_host_ed25519_key
: > /etc/ssh/ssh_host_ed25519_key.pub
: > /etc/machine-id
echo localhost > /etc/hostname
echo 127.0.0.1 localhost > /etc/hosts
rm -rf /var/lib/NetworkManager/* /var/lib/dhcp/* /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
rm -rf /var/lib/systemd/random-seed /var/lib/systemd/credential.secret /tmp/* /var/tmp/*
rm -rf /var/cache/dnf/* /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/sem
find /var/log -type f -exec truncate -s 0 {{}} +
{seal}
sync
fstrim / || :
"""


def digest(source: object, disk_gib: int, steps: Sequence[tuple[str, Mapping[str, object]]]) -> str:
    """Return the SHA-256 of all that decides what a baked image holds.

    Args:
        source: What it begins with, as JSON takes it.
        disk_gib: The size of its disk.
        steps: Kind and fields of each operation, in their order.
    """
    parts = [
        store.FORMAT,
        VERSION,
        _CLEAN,
        source,
        disk_gib,
        [[kind, given] for kind, given in steps],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def clean(user: str, seal: str = "") -> str:
    """Return shell text that takes a machine's own things away; nobody can log in after it.

    Args:
        user: The image's account.
        seal: Shell text that comes last, for what further machines are to begin with.
    """
    home = "" if user == "root" else shell.quote(f"/home/{user}")
    return _CLEAN.format(home=home, seal=seal or ":")


def flatten(disk: pathlib.Path, base: store.Image, work: pathlib.Path, run: process.Runner) -> None:
    """Make disk.qcow2 of a machine's disk and all below it; kernel and initrd are the base's."""
    run(["qemu-img", "convert", "-O", "qcow2", str(disk), str(work / "disk.qcow2")])
    for each in (base.kernel, base.initrd):
        if each is not None:
            shutil.copyfile(each, work / each.name)
