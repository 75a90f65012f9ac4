"""Vagrant's notes about machines, in the lab's folder: which machine of VirtualBox is which."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pathlib


def folder(lab: pathlib.Path) -> pathlib.Path:
    """Return where the notes are; `lab` is the lab's folder, with the Vagrantfile."""
    return lab / ".vagrant" / "machines"


def ids(lab: pathlib.Path) -> dict[str, str]:
    """Return VirtualBox's UUID of each machine that Vagrant has made or begun to make."""
    found: dict[str, str] = {}
    for path in folder(lab).glob("*/virtualbox/id"):
        with contextlib.suppress(OSError):  # gone meanwhile
            if text := path.read_text(encoding="utf-8").strip():
                found[path.parent.parent.name] = text
    return found


def forget(lab: pathlib.Path, machine: str) -> None:
    """Remove the notes about a machine that is gone."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder(lab) / machine)


def forget_key(lab: pathlib.Path, machine: str) -> None:
    """Remove the key that Vagrant has put into a machine, for one that is never opened again."""
    (folder(lab) / machine / "virtualbox" / "private_key").unlink(missing_ok=True)
