"""A lab's machines as containers: the lab's own image, whole, with no emulated processor under it.

systemd-nspawn(1) boots each machine's tree: its init, its NetworkManager and its sshd are the
image's. What belongs to a kernel is the host's: SELinux, modules, the clock, most of sysctl(8).
Root inside is nobody outside (user_namespaces(7)), so that none of these changes from there.

"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import socket
import stat
import subprocess
import tarfile
import time
from typing import TYPE_CHECKING

import psutil

from bench import enclosure, groups, mirror
from labkit import errors, parallel, shell, system
from labkit.converge import engine
from labkit.images import seed as seeds
from labkit.images import store
from labkit.profiles import shared
from labkit.providers import base, identity
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator, Mapping, Sequence

    from labkit.lifecycle import context
    from labkit.plan import model

NOT_THEIRS = frozenset({"CPUs", "product_uuid", "MAC addresses"})
"""What verify asks of a machine's hardware, which a container has none of."""
PROGRAMS = ("mount", "qemu-img", "systemd-nspawn")
_WAIT = 60.0
_ROOT = 1 << 30
"""The host's number of the machines' root; 65,536 numbers from there on are theirs."""
_USER = "lab"
_KNOWN_HOSTS = enclosure.FOLDER / "known_hosts"
_BRIDGES: Mapping[model.NicKind, str] = {"nat": "nat", "hostonly": "lan"}


def enter(module: str, words: Sequence[str], image: str = "debian-12") -> None:
    """Go on inside a benchmark's enclosure, with an image that the cache has.

    Raises:
        errors.LabError: Something that it takes is not there.
    """
    system.require(*PROGRAMS)
    store.ensure(image, narrate=print)  # inside there is no way to a mirror
    with groups.own():
        enclosure.enter(module, words)


@contextlib.contextmanager
def running(lab: context.Context) -> Generator[None]:
    """Run a lab's machines, made what its profiles say, until the block ends.

    Raises:
        errors.LabError: A machine did not start; has what it said.
    """
    with contextlib.ExitStack() as stack:
        tree = _tree(store.ensure(lab.lab.machines[0].image, narrate=print))
        _settle()
        _networks(lab.lab)
        started = [
            stack.enter_context(_start(lab, machine, number, tree))
            for number, machine in enumerate(lab.lab.machines)
        ]
        _KNOWN_HOSTS.write_text(_known(lab), encoding="utf-8")
        for machine, process in zip(lab.lab.machines, started, strict=True):
            _await(machine, process)
        source = stack.enter_context(mirror.served(enclosure.FOLDER / "mirror"))
        for machine in lab.lab.machines:
            sources = _root(machine) / "etc" / "apt" / "sources.list"
            sources.write_text(source, encoding="utf-8")
        _configure(lab)
        yield


def session(lab: context.Context, machine: model.Machine) -> sessions.Session:
    """Return a connection to a machine, not opened yet."""
    return sessions.Session(
        base.Endpoint(machine.name, _address(machine), 22, _USER, lab.keys.login_file, _KNOWN_HOSTS)
    )


def _address(machine: model.Machine) -> str:
    """Return where labkit reaches a machine: past the network that the machines share, as ever."""
    return str(machine.nic("nat").address.ip)


def _root(machine: model.Machine) -> pathlib.Path:
    """Return a machine's files, as the host sees them."""
    return enclosure.FOLDER / machine.name / "root"


def _tree(image: store.Image) -> pathlib.Path:
    """Unpack an image's disk, once for all machines."""
    disk, mounted, tree = (enclosure.FOLDER / name for name in ("disk", "image", "tree"))
    enclosure.do("qemu-img", "convert", "-O", "raw", str(image.disk), str(disk))
    mounted.mkdir()
    enclosure.do("mount", "-o", "loop,ro", str(disk), str(mounted))
    enclosure.do("cp", "-a", str(mounted), str(tree))
    enclosure.do("umount", str(mounted))
    disk.unlink()
    _shift(tree)
    for path in tree.rglob("*"):
        _shift(path)
    return tree


def _shift(path: pathlib.Path) -> None:
    """Give a file to the machines' user of the same number."""
    said = path.lstat()
    os.lchown(path, said.st_uid + _ROOT, said.st_gid + _ROOT)
    if not stat.S_ISLNK(said.st_mode):  # chown(2) takes set-user-ID away
        path.chmod(stat.S_IMODE(said.st_mode))


def _settle() -> None:
    """Show the cards of this network below /sys, which cannot be written to.

    systemd-nspawn takes a card only when udev(7) is done with it, or when there can be no udev: it
    asks whether /sys is read-only.
    """
    kept = enclosure.FOLDER / "groups"
    kept.mkdir()
    enclosure.do("mount", "--rbind", str(groups.TOP), str(kept))
    enclosure.do("mount", "-t", "sysfs", "-o", "ro", "sysfs", "/sys")
    enclosure.do("mount", "--rbind", str(kept), str(groups.TOP))


def _networks(lab: model.Lab) -> None:
    """Make a bridge for each of the lab's networks; where there is a gateway, it is this host."""
    for kind, bridge in _BRIDGES.items():
        nic = lab.machines[0].nic(kind)
        enclosure.do("ip", "link", "add", bridge, "type", "bridge")
        if nic.gateway:
            address = f"{nic.gateway}/{nic.address.network.prefixlen}"
            enclosure.do("ip", "address", "add", address, "dev", bridge)
        enclosure.do("ip", "link", "set", bridge, "up")


def _cards(machine: model.Machine, number: int) -> list[str]:
    """Make a machine's network cards, each on its bridge; return their names."""
    names: list[str] = []
    for kind, bridge in _BRIDGES.items():
        inside, outside = f"{bridge}{number}", f"{bridge}{number}out"
        enclosure.do("ip", "link", "add", outside, "master", bridge, "type", "veth",
                     "peer", "name", inside, "address", machine.nic(kind).mac)  # fmt: skip
        enclosure.do("ip", "link", "set", outside, "up")
        names.append(inside)
    return names


@contextlib.contextmanager
def _start(
    lab: context.Context, machine: model.Machine, number: int, tree: pathlib.Path
) -> Generator[subprocess.Popen[bytes]]:
    folder = enclosure.FOLDER / machine.name
    for each in ("root", "upper", "work"):
        (folder / each).mkdir(parents=True)
        os.chown(folder / each, _ROOT, _ROOT)
    layers = f"lowerdir={tree},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    enclosure.do("mount", "-t", "overlay", "-o", layers, "overlay", str(_root(machine)))
    _seed(lab, machine)
    cards = [f"--network-interface={name}" for name in _cards(machine, number)]
    argv = [
        "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--console=pipe",
        f"--machine={machine.name}", f"--uuid={machine.uuid}", f"--directory={_root(machine)}",
        f"--private-users={_ROOT}:65536", "--private-users-ownership=off",
        "--link-journal=no", "--resolv-conf=off", "--timezone=off", *cards,
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        join = "".join(
            f"echo $$ > {shell.quote(each / groups.MEMBERS)}; "
            for each in groups.make(machine.name)
        )
        script = f"{join}exec {shell.argv(*argv)}"
        process = subprocess.Popen(
            ["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            # Its first process ends, and with it all others of the machine and systemd-nspawn.
            for init in psutil.Process(process.pid).children():
                init.kill()
            process.wait()


def _seed(lab: context.Context, machine: model.Machine) -> None:
    """Unpack what a machine is born with, as its first boot would."""
    files = _root(machine)
    seed = identity.of(machine, _USER, lab.keys)
    own = shared.without_secrets(lab.lab, machine, lab.keys, lab.shelf)
    texts = {file.path: file.text for file in seeds.identity(seed)}
    seed = dataclasses.replace(seed, files=shared.carry(own, texts))
    with tarfile.open(fileobj=io.BytesIO(seeds.fw_cfg(seed))) as tar:
        for member in tar:
            file, content = files / member.name, tar.extractfile(member)
            if content is None:  # no file; a seed has nothing else
                continue
            missing = [each for each in file.parents if not each.exists()]
            file.parent.mkdir(parents=True, exist_ok=True)
            for each in missing:
                _shift(each)
            file.write_bytes(content.read())
            os.chown(file, _ROOT + member.uid, _ROOT + member.gid)
            file.chmod(member.mode)
    (files / "var" / "lib" / "labkit" / "seeded").touch()


def _known(lab: context.Context) -> str:
    return "".join(
        f"{_address(each)} {' '.join(lab.keys.hosts[each.name].public.split()[:2])}\n"
        for each in lab.lab.machines
    )


def _await(machine: model.Machine, process: subprocess.Popen[bytes]) -> None:
    """Wait until a machine's sshd says who it is.

    Raises:
        errors.LabError: It does not.
    """
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((_address(machine), 22), 1) as plug,
        ):
            if plug.recv(4) == b"SSH-":
                return
        time.sleep(0.05)
    said = (enclosure.FOLDER / machine.name / "log").read_text(errors="replace").strip()
    raise errors.LabError(f"{machine.name} does not answer: {said}")


def _configure(lab: context.Context) -> None:
    """Make each machine what its profiles say; most of it, it was born with."""

    def converge(machine: model.Machine) -> None:
        with session(lab, machine) as opened:
            engine.Machine(opened, lab.steps(machine)).converge()

    named = {machine.name: machine for machine in lab.lab.machines}
    parallel.raise_first(parallel.each(named, converge))
