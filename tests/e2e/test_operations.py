"""Every kind of operation that the default lab does not use, on one real machine."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import Folder, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

_LAB = """
lab: labkit-kinds
defaults: {image: debian-12, memory: 512 MiB}
machines:
  node-01:
    roles: [minion]
    profiles: [kinds]
    nat: 10.0.2.61
    hostonly: 192.168.56.61
"""

_PROFILE = r"""
operations:
  - why: A repository of one package, made on the machine itself
    command:
      creates: /srv/apt/Packages
      run: |
        folder=$(mktemp -d)
        mkdir -p "$folder/DEBIAN" "$folder/lib/systemd/system" /srv/apt
        cd "$folder"
        printf '%s\n' 'Package: lab-greeter' 'Version: 1' 'Architecture: all' \
          'Maintainer: it'"'"'s nobody <x@example>' 'Description: greets' > DEBIAN/control
        for unit in lab-greeter ufw; do
          printf '%s\n' '[Service]' 'ExecStart=/bin/sleep infinity' \
            '[Install]' 'WantedBy=multi-user.target' > "lib/systemd/system/$unit.service"
        done
        file=/srv/apt/lab-greeter_1_all.deb
        dpkg-deb --root-owner-group -b . "$file"
        {
          cat DEBIAN/control
          echo "Filename: ./${file##*/}"
          echo "Size: $(stat -c %s "$file")"
          echo "SHA256: $(sha256sum < "$file" | cut -d ' ' -f 1)"
        } > Packages
        mv Packages /srv/apt
  - why: apt knows it
    repository:
      name: lab
      debian: {uri: "file:///srv/apt", suite: ./, unsigned: true}
      el: {baseurl: "file:///srv/apt", gpgcheck: false}
  - why: A package from there; the distribution's own lists would take a minute to read
    command:
      unless: dpkg -s lab-greeter
      run: |
        apt() { apt-get -q -y -o Dir::Etc::SourceList=/dev/null "$@"; }
        apt update
        apt install lab-greeter
  - why: A service that a package has just brought
    service: {name: lab-greeter, enabled: true, running: true}
  - why: Nothing filters packets; the package has a service that bears a firewall's name
    firewall: {disabled: true}
  - why: The journal is kept
    line: {path: /etc/systemd/journald.conf, line: Storage=persistent, match: "^#?Storage="}
  - why: and stays small, which is a second line of the same file
    line: {path: /etc/systemd/journald.conf, line: SystemMaxUse=50M, match: "^#?SystemMaxUse="}
  - why: Exercises are gone after a boot
    mount: {path: "/srv/it's here", device: exercises, type: tmpfs, options: [size=8M, nosuid]}
  - why: Packages can be read, not changed; the second line of fstab
    mount: {path: /srv/packages, device: /srv/apt, type: none, options: [bind, ro]}
  - why: A kubelet wants no swap; this is fstab again
    swap: {enabled: false}
  - why: Bridges pass their packets to the firewall
    kernel_module: {name: br_netfilter}
  - why: Which the module brings
    sysctl: {file: 92-bridges, values: {net.bridge.bridge-nf-call-iptables: "1"}}
  - why: Somebody who works here
    user: {name: student, shell: /bin/bash, comment: "It's a student"}
  - why: and has a key
    key_pair: {user: student}
"""

_KINDS = {
    "command": "test -s /srv/apt/Packages",
    "repository": "grep -qx 'URIs: file:///srv/apt' /etc/apt/sources.list.d/lab.sources",
    "service": "systemctl is-enabled lab-greeter && systemctl is-active lab-greeter",
    "firewall": "! systemctl is-enabled ufw && ! systemctl is-active ufw",
    "line": "cd /etc/systemd && grep -qx Storage=persistent journald.conf"
    " && grep -qx SystemMaxUse=50M journald.conf",
    "mount": 'findmnt -nro SIZE "/srv/it\'s here" | grep -qx 8M && ! sudo touch /srv/packages/x',
    "swap": "test $(wc -l < /proc/swaps) = 1 && ! grep -q '^[^#].* swap ' /etc/fstab",
    "kernel_module": "grep -q ^br_netfilter /proc/modules",
    "sysctl": "grep -qx 1 /proc/sys/net/bridge/bridge-nf-call-iptables",
    "user": "getent passwd student | grep -q 'student:/bin/bash$'",
    "key_pair": "sudo ssh-keygen -y -P '' -f ~student/.ssh/id_ed25519"
    " && sudo test -s ~student/.ssh/id_ed25519.pub",
}
"""Each kind, and how a person would see that it holds."""

_BREAK = """
set -e
rm /srv/apt/Packages
sed -i s,/srv/apt,/srv/elsewhere, /etc/apt/sources.list.d/lab.sources
systemctl disable --now -q lab-greeter
systemctl enable --now -q ufw
sed -i s/^SystemMaxUse=50M/SystemMaxUse=9M/ /etc/systemd/journald.conf
umount "/srv/it's here"
mount -o remount,bind,rw /srv/packages
echo '/swapfile none swap sw 0 0' >> /etc/fstab
rm -f /etc/modules-load.d/*br_netfilter*
rm -f /etc/sysctl.d/92-bridges.conf
usermod -s /bin/sh student
rm ~student/.ssh/id_ed25519.pub
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    folder = make_folder(tmp_path_factory.mktemp("operations") / "labkit-kinds")
    (folder.path / "lab.yml").write_text(_LAB)
    (folder.path / "provision" / "kinds.yml").write_text(_PROFILE)
    yield folder
    print(folder("destroy", "--yes"))


def _run(folder: Folder, *words: str) -> Any:
    start = time.monotonic()
    run = folder(*words, "--format", "json")
    print(f"{' '.join(words)}: {time.monotonic() - start:.1f} s")
    assert run.code == 0, run
    return json.loads(run.out)


def _failed(folder: Folder) -> set[str]:
    run = folder("verify", "--format", "json")
    return {each["check"] for each in run.document["results"] if not each["ok"]}


def _assert_all_hold(folder: Folder) -> None:
    """Look at the machine as a person would."""
    each = (f"({test}) > /dev/null 2>&1 || echo {kind}" for kind, test in _KINDS.items())
    assert folder.on("node-01", "\n".join(each)) == ""


def test_up_makes_it_so_and_a_second_one_finds_nothing(lab: Folder) -> None:
    assert _run(lab, "up")["ok"]
    _assert_all_hold(lab)
    again = _run(lab, "up")
    assert (again["ok"], again["changes"]) == (True, 0)


def test_what_is_broken_is_named_and_repaired(lab: Folder) -> None:
    lab.as_root("node-01", _BREAK)
    assert _failed(lab) == set(_KINDS)
    assert _run(lab, "up")["ok"]
    _assert_all_hold(lab)


def test_it_is_all_there_after_a_boot(lab: Folder) -> None:
    assert lab("halt").code == 0
    assert lab("start").code == 0
    _assert_all_hold(lab)
    assert _failed(lab) == set()


def test_nothing_is_left(lab: Folder) -> None:
    assert lab("destroy", "--yes").code == 0
    assert lab.processes() == {}
