"""The environment that Vagrant runs in, and its home, which all labs share."""

from __future__ import annotations

import os
import pathlib

EXPERIMENTAL = "disks"
"""What the Vagrantfile needs of Vagrant's experimental features.

Vagrant reads this before it reads the Vagrantfile, which therefore cannot set it.
"""

_SLASH = "-VAGRANTSLASH-"
"""What stands for a slash in the name of a box's folder."""


def environment(folder: pathlib.Path, provider: str) -> dict[str, str]:
    """Return what is set for Vagrant beside the user's own environment.

    VAGRANT_HOME stays the user's: Vagrant's locks are in it, which keep labs that work at the same
    time from taking the same port or importing the same box twice.
    """
    asked = [*os.environ.get("VAGRANT_EXPERIMENTAL", "").split(","), EXPERIMENTAL]
    return {
        "VAGRANT_CWD": str(folder),
        "VAGRANT_VAGRANTFILE": "Vagrantfile",
        "VAGRANT_DOTFILE_PATH": str(folder / ".vagrant"),
        "VAGRANT_DEFAULT_PROVIDER": provider,
        "VAGRANT_EXPERIMENTAL": ",".join(dict.fromkeys(filter(None, asked))),
        # A lab is made of what lab.yml names; nobody is asked for anything newer.
        "VAGRANT_CHECKPOINT_DISABLE": "1",
        "VAGRANT_BOX_UPDATE_CHECK_DISABLE": "1",
        "VAGRANT_NO_COLOR": "1",
    }


def logged(path: pathlib.Path) -> dict[str, str]:
    """Return what lets Vagrant append to a log which programs it runs (`journal` reads it)."""
    asked = os.environ.get("VAGRANT_LOG", "").lower()
    return {"VAGRANT_LOG": "debug" if asked == "debug" else "info", "VAGRANT_LOG_FILE": str(path)}


def home() -> pathlib.Path:
    """Return Vagrant's home: VAGRANT_HOME, or `.vagrant.d` in the user's."""
    named = os.environ.get("VAGRANT_HOME")
    return pathlib.Path(named).absolute() if named else pathlib.Path.home() / ".vagrant.d"


def has_box(name: str, provider: str) -> bool:
    """Look whether Vagrant has a box, without the second that Vagrant takes to say so."""
    return box(name, provider) is not None


def box(name: str, provider: str) -> pathlib.Path | None:
    """Return the folder of a box that Vagrant has.

    A box is `boxes/NAME/VERSION/PROVIDER`, and since Vagrant 2.4.2 also
    `boxes/NAME/VERSION/ARCHITECTURE/PROVIDER` (lib/vagrant/box_collection.rb).
    """
    folder = home() / "boxes" / _folded(name)
    marks = (f"*/{provider}/metadata.json", f"*/*/{provider}/metadata.json")
    return next((found.parent for mark in marks for found in sorted(folder.glob(mark))), None)


def boxes(prefix: str, provider: str) -> list[pathlib.Path]:
    """Return the folders of all boxes whose names begin so."""
    folders = sorted((home() / "boxes").glob(f"{_folded(prefix)}*"))
    found = (box(each.name.replace(_SLASH, "/"), provider) for each in folders)
    return [each for each in found if each]


def _folded(name: str) -> str:
    return name.replace("/", _SLASH)


def known_keys() -> list[str]:
    """Return the public halves of the keys that everybody knows, as lines of authorized_keys.

    Vagrant replaces them in a machine at its first boot. Newer ones have several.
    """
    import paramiko  # noqa: PLC0415 - slow, and hardly anybody asks

    files = [home() / "insecure_private_key", *(home() / "insecure_private_keys").glob("*")]
    lines: set[str] = set()
    for file in files:
        if file.is_file():
            key = paramiko.PKey.from_path(file)
            lines.add(f"{key.get_name()} {key.get_base64()} vagrant insecure public key")
    return sorted(lines)


def is_master(number: str) -> bool:
    """Say whether a machine of VirtualBox is what Vagrant makes linked clones of some box from."""
    notes = (home() / "boxes").rglob("master_id")
    return any(note.read_text(encoding="utf-8").strip() == number for note in notes)


def release(address: object, port: int) -> None:
    """Forget that Vagrant leased a port of this host, for a lab that nobody else works on.

    Vagrant leases a port for 60 s while it makes a machine, and one that is killed keeps it
    (lib/vagrant/action/builtin/handle_forwarded_port_collisions.rb).
    """
    name = f"{address}".replace(".", "_")
    (home() / "data" / "fp-leases" / f"{name}_{port}").unlink(missing_ok=True)
