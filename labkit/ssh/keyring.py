"""The keys of a lab, made once and kept in its workspace.

Every machine's host key is made here and given to the machine at its birth, so that it is known
before the first connection: nobody ever has to trust a key because it came first.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import secret, workspace
from labkit.ssh import keys

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

    from labkit.plan import model

_PORT = 22
"""The one that known_hosts does not write."""


@dataclasses.dataclass(frozen=True, slots=True)
class Keyring:
    """All keys of one lab."""

    login: keys.KeyPair
    """labkit's own key to every machine."""
    login_file: pathlib.Path
    ansible: keys.KeyPair
    """The key of the ansible machine's root to every machine's root."""
    hosts: Mapping[str, keys.KeyPair]
    """Each machine's host key."""


def ensure(lab: model.Lab, space: workspace.Workspace) -> Keyring:
    """Read the lab's keys, and make those that are not there; write known_hosts."""
    folder = space.path / "keys"
    for each in (folder, folder / "hosts"):
        each.mkdir(mode=0o700, exist_ok=True)
    login_file = folder / "login"
    hosts = {
        machine.name: _ensure(folder / "hosts" / machine.name, machine.name)
        for machine in lab.machines
    }
    keyring = Keyring(
        login=_ensure(login_file, f"labkit@{lab.name}"),
        login_file=login_file,
        ansible=_ensure(folder / "ansible", f"ansible@{lab.name}"),
        hosts=hosts,
    )
    pinned = "".join(
        f"{_name(lab, machine)} {_bare(hosts[machine.name].public)}\n" for machine in lab.machines
    )
    workspace.write(space.known_hosts, pinned)
    return keyring


def existing(lab: model.Lab, space: workspace.Workspace) -> Keyring | None:
    """Return the lab's keys without making any; None when one of them is not there."""
    folder = space.path / "keys"
    login, ansible = _read(folder / "login"), _read(folder / "ansible")
    hosts = {machine.name: _read(folder / "hosts" / machine.name) for machine in lab.machines}
    there = {name: pair for name, pair in hosts.items() if pair}
    if not login or not ansible or len(there) < len(hosts):
        return None
    return Keyring(login, folder / "login", ansible, there)


def _read(path: pathlib.Path) -> keys.KeyPair | None:
    public = path.with_name(f"{path.name}.pub")
    if not path.exists() or not public.exists():
        return None
    return keys.KeyPair(
        secret.Secret(path.read_text(encoding="utf-8")), public.read_text(encoding="utf-8").strip()
    )


def _ensure(path: pathlib.Path, comment: str) -> keys.KeyPair:
    if pair := _read(path):
        return pair
    pair = keys.generate(comment)
    public = path.with_name(f"{path.name}.pub")
    workspace.write(public, f"{pair.public}\n", mode=0o644)
    workspace.write(path, pair.private.reveal())
    return pair


def _name(lab: model.Lab, machine: model.Machine) -> str:
    """Return what known_hosts knows a machine by; an address of a site may be used again."""
    return machine.name if lab.provider == "vsphere" else _host(*lab.ssh(machine))


def _host(host: str, port: int) -> str:
    """Write where a machine's SSH is (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
    return host if port == _PORT else f"[{host}]:{port}"


def _bare(public: str) -> str:
    return " ".join(public.split()[:2])
