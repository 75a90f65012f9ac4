"""Where this user's labs are: a small file for each workspace, so that `lab.gc` finds lost ones.

The registry only says where to look. Whether something is a lab's, and whether it may go, is
decided by looking at the thing itself.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib

import platformdirs

from labkit import errors
from labkit.workspace import files


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A lab that was made once: the folder of its lab file, and its name."""

    folder: pathlib.Path
    lab: str


def root() -> pathlib.Path:
    """Return the registry's folder, in LAB_STATE or in `labkit` of the user's state folder."""
    named = os.environ.get("LAB_STATE")
    home = pathlib.Path(named).absolute() if named else platformdirs.user_state_path("labkit")
    return home / "labs"


def enter(entry: Entry) -> None:
    """Remember a lab.

    Where that cannot be written the lab works all the same; `lab.gc` then finds only what runs.
    """
    path = _path(entry)
    if path.exists():
        return
    with contextlib.suppress(OSError, errors.LabError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write(path, json.dumps({"folder": str(entry.folder), "lab": entry.lab}) + "\n")


def leave(entry: Entry) -> None:
    """Forget a lab; without a word when it was not known."""
    with contextlib.suppress(OSError):
        _path(entry).unlink()


def entries() -> list[Entry]:
    """Return every lab that is known, also when its folder is gone; sorted."""
    found: list[Entry] = []
    for path in root().glob("*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(path.read_text(encoding="utf-8"))
            found.append(Entry(pathlib.Path(said["folder"]), str(said["lab"])))
    return sorted(found)


def _path(entry: Entry) -> pathlib.Path:
    digest = hashlib.sha256(f"{entry.folder}\0{entry.lab}".encode(errors="surrogateescape"))
    return root() / f"{digest.hexdigest()[:24]}.json"
