"""Switch machines of VirtualBox on and off, and look whether they did."""

from __future__ import annotations

import contextlib
import pathlib
import re
import time
from typing import TYPE_CHECKING

import psutil

from labkit import errors
from labkit.providers import base
from labkit.providers.virtualbox import info, manage
from labkit.vagrant import trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENCE = 90.0
"""Seconds that a machine has to shut down."""
_POLL = 0.5
_REMOVAL = 300.0
_SETTLED = {"poweroff", "aborted", "saved", "aborted-saved", "inaccessible"}


def state(number: str, there: Mapping[str, str], running: Mapping[str, str]) -> base.State:
    """Return what a machine is doing.

    Args:
        number: VirtualBox's UUID of the machine; empty when it was never made.
        there: The machines that exist.
        running: Those that run, or are held.
    """
    if number not in there:
        return base.State.ABSENT
    return base.State.RUNNING if number in running else base.State.STOPPED


def there() -> dict[str, str]:
    """Return the names of all machines by their UUID."""
    return info.machines(manage.run("list", "vms"))


def folder() -> pathlib.Path:
    """Return where VirtualBox makes machines that are in no group."""
    said = manage.run("list", "systemproperties")
    named = re.search(r"^Default machine folder: *(.+)$", said, re.MULTILINE)
    return pathlib.Path(named[1] if named else "").absolute()


def running() -> dict[str, str]:
    """Return the names of the machines that run or are held."""
    return info.machines(manage.run("list", "runningvms"))


def room(memory_mib: int) -> int:
    """Return how many machines of that size this host can boot at once; one at least."""
    fit = (psutil.virtual_memory().available >> 20) // memory_mib
    return max(1, min(psutil.cpu_count() or 1, fit))


def look(number: str) -> dict[str, str]:
    """Return all that VirtualBox says of a machine."""
    return info.settings(manage.run("showvminfo", number, "--machinereadable"))


def extra_data(number: str) -> dict[str, str]:
    """Return the extra data of a machine; of VirtualBox itself, for this user, with `global`."""
    return info.extra_data(manage.run("getextradata", number, "enumerate"))


def everything() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield UUID, name and settings of each machine; one that goes meanwhile is left out."""
    for number, name in there().items():
        try:
            found = look(number)
        except errors.ProviderError:
            if number in there():
                raise
        else:
            yield number, name, found


def start(number: str, *, gui: bool) -> None:
    """Start a machine that is off or saved."""
    manage.run("startvm", number, "--type", "gui" if gui else "headless")


def hold(number: str) -> None:
    """Hold the processors of a machine that runs; nothing happens to any other."""
    if look(number).get("VMState") == "running":
        manage.run("controlvm", number, "pause")


def release(number: str) -> None:
    """Let the processors of a machine that is held go on; nothing happens to any other."""
    if look(number).get("VMState") == "paused":
        manage.run("controlvm", number, "resume")


def press(number: str) -> bool:
    """Press the power button of a machine, and say whether it has gone off in time."""
    release(number)  # one that is held does not feel its power button
    manage.run("controlvm", number, "acpipowerbutton")
    return _wait(number)


def cut(number: str) -> None:
    """Switch a machine off, and wait until its process has let go of it.

    Raises:
        errors.ProviderError: VirtualBox does not get it off.
    """
    if look(number).get("VMState") in _SETTLED:
        return
    with contextlib.suppress(errors.ProviderError):  # it has ended by itself meanwhile
        manage.run("controlvm", number, "poweroff")
    if not _wait(number):
        raise errors.ProviderError(
            f"VirtualBox did not switch machine {number} off within {PATIENCE:.0f} s",
            hint="end its process VBoxHeadless, then run the same task again",
        )


def remove(number: str) -> None:
    """Switch a machine off, remove it with its disks, and look whether it has gone.

    Raises:
        errors.LeftoverError: It has not.
    """
    cut(number)
    words = ("unregistervm", number, "--delete")
    try:
        manage.run(*words, timeout=_REMOVAL)
    except trouble.TransientError:
        time.sleep(_POLL)
        if number in there():  # VirtualBox may have done it all the same
            manage.run(*words, timeout=_REMOVAL)
    if number in there():
        raise errors.LeftoverError(
            f"VirtualBox still has the machine {number}",
            hint="close its window in VirtualBox, then run the same task again",
        )


def _wait(number: str) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not _is_off(look(number)):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _is_off(found: Mapping[str, str]) -> bool:
    # A session that is still ending holds the machine: its settings cannot be changed until then.
    return found.get("VMState") in _SETTLED and not found.get("SessionName")
