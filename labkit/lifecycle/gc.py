"""Find whatever of labkit is left on this host, also of labs whose folder is gone; remove it.

What belongs to a lab that has its folder and its lab file is in use and never touched, and what
cannot be proved to be labkit's is not even listed.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING, cast

import filelock
import yaml

from labkit import errors, workspace
from labkit.images import store
from labkit.lifecycle import destroy, gc_images, ssh_include
from labkit.providers import gc
from labkit.workspace import registry

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterable, Iterator, Sequence

_LARGEST = 1 << 18
"""Bytes; a lab file has far fewer, and other files of its folder need not be read."""
_YAML = {".yml", ".yaml", ".json"}


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """One thing that was found."""

    what: str
    why: str
    """Why it is in use, or why nothing uses it."""
    remove: Callable[[], object] | None = None
    """Removes it; raises errors.LabError or OSError when it stays. None: it is in use."""


def find(here: pathlib.Path, under: pathlib.Path | None = None) -> list[Item]:
    """Look at the labs that the registry knows, at all that runs, and at the image cache.

    Args:
        here: A folder whose labs are looked at also when the registry does not know them.
        under: Only labs whose folder is this one or in it.
    """
    running = gc.find()
    entries = {*registry.entries(), *(each.entry for each in running), *in_folder(here)}
    entries |= {each.entry for each in ssh_include.installed()}
    items: list[Item] = []
    for entry in sorted(entries):
        if under is not None and not entry.folder.is_relative_to(under):
            continue
        try:
            items += _lab(entry, [each for each in running if each.entry == entry])
        except OSError as error:  # somebody else's folder
            name = f"lab '{entry.lab}' in {entry.folder}"
            items.append(Item(name, f"cannot be looked at: {error.strerror}"))
    return items if under else [*items, *_include(), *_images(), *_baked(entries)]


def remove(items: Sequence[Item]) -> dict[Item, str]:
    """Remove everything that is not in use; return what could not be, and why.

    Labs that are known to the registry only, and of which nothing is left, are forgotten.
    """
    failed: dict[Item, str] = {}
    for item in items:
        if item.remove is None:
            continue
        try:
            item.remove()
        except (errors.LabError, OSError) as error:
            failed[item] = str(error)
    for entry in registry.entries():
        if not workspace.Workspace(entry.folder, entry.lab).path.exists():
            registry.leave(entry)
    return failed


def in_folder(folder: pathlib.Path) -> list[registry.Entry]:
    """Return the labs that have a workspace or a lock in a folder.

    A folder in `.lab` is a workspace when labkit's ledger or keys are in it.
    """
    base = folder / ".lab"
    marks = [*base.glob("*/ledger.json"), *base.glob("*/keys")]
    names = {mark.parent.name for mark in marks}
    names |= {path.name.removesuffix(".lock") for path in base.glob("*.lock")}
    return [registry.Entry(folder, name) for name in sorted(names)]


def has_lab_file(entry: registry.Entry) -> bool:
    """Say whether a file of the lab's folder names the lab; a broken one counts too.

    In doubt it does, since what follows is removal: a lab file may have any name, the words may
    stand in a comment, and a file that cannot be read may well be the one.
    """
    says = re.compile(rf"\blab[\"']?\s*:\s*[\"']?{re.escape(entry.lab)}(?![\w-])")
    try:
        files = [path for path in entry.folder.iterdir() if path.is_file()]
        small = [path for path in files if path.stat().st_size <= _LARGEST]
        texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in small}
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    if any(says.search(text) for text in texts.values()):
        return True
    return any(_names(text, entry.lab) for path, text in texts.items() if path.suffix in _YAML)


def _names(text: str, lab: str) -> bool:
    """Say whether YAML names the lab in one of the ways that the words do not show."""
    try:
        document: object = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    found = cast("dict[object, object]", document) if isinstance(document, dict) else {}
    return found.get("lab") == lab


def _lab(entry: registry.Entry, running: Sequence[gc.Found]) -> Iterator[Item]:
    space = workspace.Workspace(entry.folder, entry.lab)
    name = f"lab '{entry.lab}' in {entry.folder}"
    holder = _holder(space)
    if holder:
        yield Item(name, holder)
        return
    if holder is not None:
        path = _lock_file(space)
        yield Item(str(path), "no run holds this lock", lambda: _unlock(space))
    if not has_lab_file(entry):
        yield from _lost(space, running)
    elif running or space.path.exists():
        names = ", ".join(sorted(gc.machines(running))) or "none"
        yield Item(name, f"in use; machines that run: {names}")


def _lost(space: workspace.Workspace, running: Sequence[gc.Found]) -> Iterator[Item]:
    """Yield what is left of a lab that has no lab file."""
    folder = space.folder.exists()
    why = f"no file there says 'lab: {space.lab}'" if folder else "its folder is gone"
    if space.path.exists():
        machines = ", ".join(sorted(gc.machines(running)))
        runs = f", with running machines {machines}" if machines else ""
        yield Item(f"{space.path}{runs}", why, lambda: _destroy(space))
        return
    name = f"lab '{space.lab}' in {space.folder}"
    for each in running:
        what = each.machine if each.shared else f"machine {each.machine}"
        yield Item(f"{each.what}: {what} of {name}", why, each.remove)
    for each in ssh_include.installed():
        if each.entry == space.entry:
            yield Item(str(each.path), why, lambda: ssh_include.remove(space.entry))


def _destroy(space: workspace.Workspace) -> None:
    with space.lock("lab.gc"):
        destroy.destroy_unread(space)


def _holder(space: workspace.Workspace) -> str | None:
    """Say which run holds the lab; empty when a lock is there and nobody's, None without one."""
    path = _lock_file(space)
    if not path.exists():
        return None
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return _said_by(space)
    except OSError as error:
        return f"its lock cannot be looked at: {error.strerror}"
    lock.release()
    return ""


def _said_by(space: workspace.Workspace) -> str:
    try:
        _unlock(space)
    except errors.LockedError as error:
        return error.message
    return "in use until a moment ago"


def _unlock(space: workspace.Workspace) -> None:
    """Hold the lock for a moment: who lets it go removes its files."""
    with space.lock("lab.gc"):
        pass


def _lock_file(space: workspace.Workspace) -> pathlib.Path:
    return space.path.with_name(f"{space.lab}.lock")


def _include() -> Iterator[Item]:
    """The line in the user's ssh_config, when it includes nothing any more."""
    if not ssh_include.installed() and ssh_include.has_line():
        line, path = ssh_include.line(), ssh_include.config()
        yield Item(f"the line '{line}' in {path}", "no lab is there", ssh_include.remove_line)


def _images() -> Iterator[Item]:
    for path in store.unfinished():
        yield Item(str(path), "an image that was never finished", store.sweep)


def _baked(entries: Iterable[registry.Entry]) -> Iterator[Item]:
    for kept, user in gc_images.find(sorted(entries)):
        about = kept.about
        size = f", {kept.size / 1e6:.0f} MB" if kept.size else ""
        what = f"the baked {kept.kind} {about.name} ({about.digest[:12]}{size})"
        remove = functools.partial(gc_images.remove, kept)
        yield Item(what, user) if user else Item(what, "no lab uses it any more", remove)
