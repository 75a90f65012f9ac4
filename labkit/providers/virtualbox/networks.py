"""Host-only adapters: made before machines need one, removed when the last one has gone.

Vagrant makes one itself when it finds none, but does not lock that: two that start together make
two (hashicorp/vagrant issue 5358). An adapter that labkit made is marked in VirtualBox's own
settings, which all labs of this user share; no other is ever touched.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import filelock

from labkit import errors
from labkit.providers.virtualbox import info, manage, power
from labkit.vagrant import settings

if TYPE_CHECKING:
    import ipaddress

_MARK = "labkit/hostonly/"
_MAKING = "labkit/making-hostonly"
"""The adapters that were there before one is made: a run that is killed then leaves no other."""
_NAME = re.compile(r"^Name: +(.+?) *$", re.MULTILINE)


def has_adapters() -> bool:
    """Say whether this host has adapters; on macOS VirtualBox 7 has networks, made by Vagrant."""
    return sys.platform != "darwin"


def ensure(subnet: ipaddress.IPv4Network) -> None:
    """Make an adapter for a network, unless there is one.

    Raises:
        errors.ProviderError: VirtualBox refuses; nothing is left of it then.
    """
    if not has_adapters():
        return
    with _lock():
        _mend()
        if any(each.interface.network == subnet for each in _adapters()):
            return
        name = _create()
        try:
            address = ("--ip", str(subnet.network_address + 1), "--netmask", str(subnet.netmask))
            _mark(name)
            manage.run("hostonlyif", "ipconfig", name, *address)
        except errors.LabError:
            _remove(name)
            raise


def _create() -> str:
    """Make an adapter, and return its name.

    Looked at, not believed: VirtualBox 7.2 at times says that it failed, and has made one.
    """
    before = _names()
    manage.run("setextradata", "global", _MAKING, json.dumps(sorted(before)))
    refused: errors.ProviderError | None = None
    try:
        manage.run("hostonlyif", "create")
    except errors.ProviderError as error:
        refused = error
    made = _names() - before
    if len(made) == 1:
        return made.pop()
    manage.run("setextradata", "global", _MAKING)
    raise refused or errors.ProviderError(
        "VirtualBox does not say which host-only adapter it made",
        hint="'VBoxManage list hostonlyifs' shows them; remove what nobody uses",
    )


def _mark(name: str) -> None:
    manage.run("setextradata", "global", f"{_MARK}{name}", "made")
    manage.run("setextradata", "global", _MAKING)


def _mend() -> None:
    """Mark the adapter that a run was making when it was killed."""
    said = power.extra_data("global").get(_MAKING)
    if said is None:
        return
    made = _names() - set(json.loads(said))
    if len(made) == 1:
        _mark(made.pop())
    else:
        manage.run("setextradata", "global", _MAKING)


def release() -> None:
    """Remove the adapters that labkit made and no machine uses."""
    if not has_adapters():
        return
    with _lock():
        _mend()
        marked = _marked()
        if not marked:
            return
        there = {each.name for each in _adapters()}
        used = _used()
        for name in marked:
            if name not in there:  # somebody removed it
                _forget(name)
            elif name not in used:
                _remove(name)


def _adapters() -> list[info.Adapter]:
    return list(info.adapters(manage.run("list", "hostonlyifs")))


def _names() -> set[str]:
    return set(_NAME.findall(manage.run("list", "hostonlyifs")))


def _marked() -> set[str]:
    said = power.extra_data("global")
    return {key.removeprefix(_MARK) for key in said if key.startswith(_MARK)}


def _used() -> set[str]:
    """Return the adapters of all machines, whoever made these."""
    used: set[str] = set()
    for _, _, found in power.everything():
        used |= {value for key, value in found.items() if key.startswith("hostonlyadapter")}
    return used


def _remove(name: str) -> None:
    manage.run("hostonlyif", "remove", name)
    _forget(name)


def _forget(name: str) -> None:
    manage.run("setextradata", "global", f"{_MARK}{name}")  # without a value: removes the key


def _lock() -> filelock.BaseFileLock:
    """Hold the adapters of this user against the other labs, in the home that they share."""
    home = settings.home()
    home.mkdir(parents=True, exist_ok=True)
    return filelock.FileLock(home / "labkit-hostonly.lock")
