"""What 'lab.explain' prints, typed on a real machine on which much was broken, mends it."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import Folder, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

MACHINE = "ansible-01"

LAB = """
lab: labkit-explain
defaults:
  image: debian-12
  memory: 512 MiB
  disk: 4 GiB
  selinux: permissive
  time_zone: Asia/Tokyo
machines:
  ansible-01:
    roles: [ansible]
    nat: 10.0.2.51
    hostonly: 192.168.56.51
    sysctl: {vm.swappiness: "10"}
"""

# A script restores all of this. It cannot restore a private key that is gone.
BREAK = """
set -e
printf 'broken\\n' > /etc/hostname
printf broken > /proc/sys/kernel/hostname
sed -i 's/192.168.56.51/192.168.56.99/' /etc/hosts
printf '127.0.1.1 ansible-01\\n' >> /etc/hosts
rm /etc/sysctl.d/90-labkit-ipv6.conf /etc/sysctl.d/91-labkit.conf
sysctl -qw net.ipv6.conf.lo.disable_ipv6=0 vm.swappiness=60
rm /etc/NetworkManager/conf.d/90-labkit-loopback.conf
sed -i 's/^SELINUX=.*/SELINUX=enforcing/' /etc/selinux/config
timedatectl set-timezone America/Lima
: > /root/.ssh/authorized_keys
nmcli connection modify nat ipv4.dns 192.0.2.1 connection.autoconnect no
nmcli connection delete hostonly
rm -r /root/k8s-manual /root/.ssh/known_hosts /root/.ssh/config /root/.ssh/id_ed25519.pub
chmod 0644 /root/.ssh/id_ed25519
date -s '+1 hour'
"""

BROKEN = {
    "hostname", "hosts", "sysctl", "file", "selinux", "time_zone", "clock", "authorized_key",
    "connection", "known_hosts", "directory",
}  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    folder = make_folder(tmp_path_factory.mktemp("explain") / "labkit-explain")
    (folder.path / "lab.yml").write_text(LAB, encoding="utf-8")
    yield folder
    print(folder("destroy", "--yes"))


def _as_root(lab: Folder, script: str) -> str:
    """Type a script into a root shell by plain ssh."""
    done = subprocess.run(
        ["ssh", "-F", str(lab.ssh_config), "-o", "BatchMode=yes", MACHINE, "sudo sh -s"],
        input=script,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_the_script_mends_a_broken_machine(lab: Folder) -> None:
    run = lab("up")
    assert run.code == 0, run
    _as_root(lab, BREAK)
    run = lab("verify", "--format", "json", "--only", MACHINE)
    assert run.code == 1, run
    failed = {each["check"] for each in run.document["results"] if not each["ok"]}
    assert failed >= BROKEN
    script = lab("explain", MACHINE, "--format", "sh")
    assert script.code == 0, script
    assert "PRIVATE KEY" not in script.out
    start = time.monotonic()
    _as_root(lab, script.out)
    print(f"the script took {time.monotonic() - start:.1f} s")
    run = lab("verify", "--format", "json", "--only", MACHINE)
    assert [each for each in run.document["results"] if not each["ok"]] == []
    assert run.code == 0, run
