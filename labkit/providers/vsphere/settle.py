"""Waits for what a run before has left under way on the vCenter.

A clone goes on after the run that began it was killed. Who then looks at the inventory sees no
machine, makes another one, and has two. So nothing is begun before these tasks have ended.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from labkit import errors, signals
from labkit.providers.vsphere import api, faults, retrieve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from labkit.providers.vsphere import journal as journals
    from labkit.providers.vsphere import site as sites

_PATHS = {"Task": ("info.state", "info.entityName", "info.reason", "info.descriptionId")}
_PATIENCE = 3600.0
"""Seconds; a full clone of a large disk takes many minutes."""
_ACTS = ("clone", "create", "reconfigure", "customize", "power", "destroy", "snapshot", "deploy")


def settle(
    site: sites.Site,
    journal: journals.Journal,
    is_ours: Callable[[str], bool],
    narrate: Callable[[str], None],
) -> int:
    """Wait until no task of this user on the lab's machines runs; return how many there were.

    Args:
        site: The vCenter.
        journal: Names the tasks of the lab's last run.
        is_ours: Says whether a machine's name is one of the lab's, or its template's.
        narrate: Told what is waited for.

    Raises:
        errors.ProviderError: They did not end.
    """
    begun = journal.tasks
    manager = site.connection.content.taskManager
    recent = site.read(retrieve.behind(manager, "recentTask", _PATHS))
    known = {each.moid for each in recent}
    older = _one_by_one(site, [task for task in begun if task not in known])
    mine = site.window.tasks()
    running = {
        each.moid: each
        for each in [*recent, *older]
        if _runs(each) and each.moid not in mine
        if each.moid in begun or (_by(each, site.connection.user) and is_ours(_name(each)))
    }
    count = len(running)
    if count:
        narrate(f"waiting for {count} tasks that an earlier run has begun on the vCenter")
        _wait(site, running)
    if begun and not mine:
        journal.settled()
    return count


def _wait(site: sites.Site, running: dict[str, retrieve.Found]) -> None:
    deadline = time.monotonic() + _PATIENCE
    pause = 0.05
    while running:
        signals.check()
        if time.monotonic() > deadline:
            names = ", ".join(sorted({_name(each) for each in running.values()}))
            raise errors.ProviderError(
                f"{len(running)} tasks on the vCenter do not end: {names}",
                hint="look at them in the vCenter's window, cancel them there, and run this again",
            )
        time.sleep(pause)
        pause = min(2.0, pause * 1.5)
        found = _one_by_one(site, running)
        running = {each.moid: each for each in found if _runs(each)}


def _one_by_one(site: sites.Site, moids: Iterable[str]) -> list[retrieve.Found]:
    """Read tasks in one call; where one of them is forgotten already, each by itself."""
    refs = [site.connection.ref("Task", moid) for moid in moids]
    if not refs:
        return []
    try:
        return site.read(retrieve.of(refs, _PATHS))
    except faults.GoneError:
        if len(refs) == 1:
            return []
    return [each for ref in refs for each in _one_by_one(site, [api.moid(ref)])]


def _runs(task: retrieve.Found) -> bool:
    return str(task.get("info.state")) in {"queued", "running"}


def _name(task: retrieve.Found) -> str:
    return str(task.get("info.entityName") or "")


def _by(task: retrieve.Found, user: str) -> bool:
    """Say whether a task is an act of this user that could collide with ours."""
    who = getattr(task.get("info.reason"), "userName", None)
    what = str(task.get("info.descriptionId", "")).lower()
    return str(who).lower() == user.lower() and any(act in what for act in _ACTS)
