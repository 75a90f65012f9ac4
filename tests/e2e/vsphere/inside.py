"""A class room in namespaces: the simulated vCenter, and a real sshd for each machine that runs.

What a machine is told by guestinfo decides how its sshd is: its address, its host key, who may log
in. Each has the host's files under an overlay of its own, so that what is changed in one is seen by
nobody else. All addresses are on the loopback card of a network namespace that ends with this
process. It takes root and is started by unshare(1): see `test_whole_way.py`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import yaml

from labkit import shell
from tests.e2e.vsphere import school, vcenter
from tests.e2e.vsphere.api import vim

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

ENTER = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
_GUEST = ("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
_SHELL = """
set -e
cd {folder}
hostname {name}
mkdir disk/upper disk/work disk/root
mount -t overlay overlay -o lowerdir={below}/,upperdir=disk/upper,workdir=disk/work disk/root
cd disk/root
mount --rbind /dev dev
mount -t proc proc proc
for each in root run srv tmp; do mount -t tmpfs -o mode=0755 tmpfs "$each"; done
mkdir -p run/sshd
cp {folder}/key {folder}/authorized_keys run/
cp -a {folder}/born/. .
exec chroot . /usr/sbin/sshd -D -e {listen} -o HostKey=/run/key \
    -o AuthorizedKeysFile=/run/authorized_keys -o UsePAM=no -o PidFile=none -o StrictModes=no \
    -o PermitRootLogin=prohibit-password -o UseDNS=no -f /dev/null
"""
_MOMENT = 0.2


class Guests:
    """Starts an sshd for each machine that is powered on, and ends it when that is off or gone."""

    def __init__(self, there: vcenter.Vcenter, folder: pathlib.Path) -> None:
        """Remember where; `watch` does the work."""
        self._there, self._folder = there, folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._over = threading.Event()
        self._disks: dict[str, pathlib.Path] = {}
        """What each machine has written, by its name, also when it is gone."""

    @contextlib.contextmanager
    def watch(self) -> Generator[None]:
        """Watch until the block ends."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _watch(self) -> None:
        with self._there.session() as instance:
            while not self._over.wait(_MOMENT):
                self._look(vcenter.everything(instance, vim.VirtualMachine))
        for process in self._running.values():
            process.kill()

    def _look(self, machines: list[Any]) -> None:
        on: set[str] = set()
        for each in machines:
            with contextlib.suppress(Exception):  # it goes while it is looked at
                if each.runtime.powerState == "poweredOn" and not each.config.template:
                    on.add(each._moId)
                    if each._moId not in self._running:
                        said = {one.key: one.value for one in each.config.extraConfig}
                        below, told = self._below(each), _told(each)
                        self._running[each._moId] = self._start(each._moId, said, below, told)
                        self._disks[each.name] = self._folder / each._moId / "disk" / "upper"
        for moid in self._running.keys() - on:
            self._running.pop(moid).kill()

    def _below(self, machine: Any) -> str:
        """What is under a machine's disk: what the machine wrote that its template was baked of."""
        for device in machine.config.hardware.device:
            parent = getattr(getattr(device, "backing", None), "parent", None)
            found = re.search("labkit-baked-([0-9a-f]{8})", getattr(parent, "fileName", ""))
            if found:
                ends = f"-bake-{found[1]}"
                return next(f"{self._disks[name]}:" for name in self._disks if name.endswith(ends))
        return ""

    def _start(
        self, moid: str, said: Mapping[str, str], below: str, told: str
    ) -> subprocess.Popen[bytes]:
        meta = json.loads(base64.b64decode(said["guestinfo.metadata"]))
        user = yaml.safe_load(base64.b64decode(said["guestinfo.userdata"]))
        folder = self._folder / moid
        (folder / "disk").mkdir(parents=True)
        for each in ({"path": "/etc/machine-id", "content": ""}, *user.get("write_files", ())):
            file = folder / "born" / each["path"].lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(each["content"])
            file.chmod(int(each.get("permissions", "0644"), 8))
        (folder / "key").touch(mode=0o600)
        (folder / "key").write_text(user["ssh_keys"]["ed25519_private"])
        (folder / "authorized_keys").write_text("\n".join(user["ssh_authorized_keys"]) + "\n")
        cards = meta["network"]["ethernets"].values()
        given = [each.get("addresses", [told])[0] for each in cards]  # else DHCP's
        addresses = [str(each).partition("/")[0] for each in given]
        for address in addresses:
            command = ["ip", "address", "replace", f"{address}/32", "dev", "lo"]
            subprocess.run(command, check=True)
        name = str(meta["local-hostname"])
        script = (
            _SHELL.replace("{folder}", shell.quote(folder))
            .replace("{name}", name)
            .replace("{below}", below)
        )
        listen = " ".join(f"-o ListenAddress={address}" for address in addresses)
        script = script.replace("{listen}", listen)
        with (folder / "log").open("wb") as log:
            return subprocess.Popen([*_GUEST, "sh", "-c", script], stderr=log)


def _told(machine: Any) -> str:
    """What the machine's Tools tell, once they do: the address that DHCP gave the first card."""
    given = [each for card in machine.guest.net for each in card.ipAddress or ()]
    return next(each for each in given if "." in each and not each.startswith("169."))


def main() -> None:
    """Run each command line of the standard input, and tell how it ended, all as JSON.

    In a lab of two machines, or, when asked for it, in the folder of a class.
    """
    folder = pathlib.Path(sys.argv[1])
    make = _class if sys.argv[2:] == ["class"] else _lab
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    commands: list[list[str]] = json.load(sys.stdin)
    with vcenter.running(folder) as there:
        there.template()
        there.set(task=TASK if make is _class else 0.0)
        made = make(there, folder / "s00")
        (folder / "guests").mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder / "guests"], check=True)
        with Guests(there, folder / "guests").watch():
            ended = [_counted(there, made, each) for each in commands]
        left = [name for name, _ in school.machines(there)]
        with there.session() as instance:
            folders = [each.name for each in vcenter.everything(instance, vim.Folder)]
    own = [name for name in folders if name.startswith(("labkit", "bake", "s00"))]
    print(json.dumps({"ended": ended, "machines": left, "folders": own}))


TASK = 0.3
"""Seconds of each of a class's tasks."""
STUDENTS = 4


def _class(there: vcenter.Vcenter, folder: pathlib.Path) -> pathlib.Path:
    """Make the folder of a class, each student with two machines and a VLAN."""
    hostonly = {"switch": "DVS0"}
    said = school.settings(there, login="root", addresses="guest", hostonly=hostonly)
    _write(there, folder, said)
    (folder / "class.yml").write_text("classroom: python\nlab: lab.yml\nroster: roster.csv\n")
    rows = "".join(f"student-{number},{100 + number}\n" for number in range(STUDENTS))
    (folder / "roster.csv").write_text(f"name,vlan\n{rows}")
    return folder


def _lab(there: vcenter.Vcenter, folder: pathlib.Path) -> pathlib.Path:
    return _write(there, folder, school.settings(there, login="root"))


def _write(
    there: vcenter.Vcenter, folder: pathlib.Path, said: Mapping[str, object]
) -> pathlib.Path:
    school.write(folder, "s00", said, 2)
    for each in ("provision", "network"):
        (folder / each).mkdir()
    (folder / "provision" / "base.yml").write_text(
        "operations:\n"
        "  - why: A file\n"
        '    file: {path: /etc/motd, content: "hello from {{ machine.name }}"}\n'
        "  - why: A folder\n"
        "    directory: {path: /var/data}\n"
    )
    for kind in ("nat", "hostonly"):
        (folder / "network" / f"{kind}.yml").write_text("operations: []\n")
    os.environ.update(
        LAB_VSPHERE_SERVER=there.host,
        LAB_VSPHERE_USER=there.user,
        LAB_VSPHERE_PASSWORD=there.password,
        HOME=str(folder),
        LAB_CACHE=str(folder / "cache"),
        LAB_STATE=str(folder / "state"),
    )
    return folder


def _counted(there: vcenter.Vcenter, folder: pathlib.Path, words: list[str]) -> dict[str, object]:
    """Run a command, and count what was asked of the vCenter meanwhile, but for the watch's own."""
    there.reset()
    begun = time.monotonic()
    done = _run(folder, words)
    seconds = time.monotonic() - begun
    return {**done, "seconds": seconds, "calls": dict(there.counts().calls)}


def _run(folder: pathlib.Path, words: list[str]) -> dict[str, object]:
    argv = words if shutil.which(words[0]) else [sys.executable, "-m", "labkit", *words]
    done = subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


if __name__ == "__main__":
    main()
