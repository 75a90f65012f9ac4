"""Make `ssh LAB-MACHINE` work everywhere, and in editors: a file a lab in ~/.ssh/labkit, and one
line at the top of ~/.ssh/config that includes them (ssh_config(5)).

Of the user's own file nothing but that line is ever changed.
"""  # noqa: D205 - one sentence, too long for a line

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import stat
import sys
from typing import TYPE_CHECKING

from labkit import errors, workspace
from labkit.render import ssh_config
from labkit.workspace import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.providers import base

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)  # which Windows has
_OWNER = "# labkit: "
"""Begins the line that says which lab a file is of."""


@dataclasses.dataclass(frozen=True, slots=True)
class Installed:
    """A lab's file in ~/.ssh/labkit."""

    path: pathlib.Path
    entry: registry.Entry


def folder() -> pathlib.Path:
    """Return the folder of the included files."""
    return pathlib.Path.home() / ".ssh" / "labkit"


def config() -> pathlib.Path:
    """Return the user's own file."""
    return pathlib.Path.home() / ".ssh" / "config"


def line() -> str:
    """Return the line that includes all labs."""
    return ssh_config.include(folder() / "*.conf")


def has_line() -> bool:
    """Say whether the user's own file includes the labs."""
    return line() in _lines(_read(config()))


def installed() -> list[Installed]:
    """Return the labs that are included; files that say of no lab are not ours."""
    found: list[Installed] = []
    for path in sorted(folder().glob("*.conf")):
        first = path.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
        with contextlib.suppress(ValueError, KeyError, TypeError):
            said = json.loads(first.removeprefix(_OWNER))
            entry = registry.Entry(pathlib.Path(said["folder"]), str(said["lab"]))
            found.append(Installed(path, entry))
    return found


def install(entry: registry.Entry, endpoints: Sequence[base.Endpoint]) -> pathlib.Path:
    """Write the lab's file, and the line that includes it where it is not there yet."""
    path = folder() / f"{entry.lab}.conf"
    said = json.dumps({"folder": str(entry.folder), "lab": entry.lab})
    text = f"{_OWNER}{said}\n{ssh_config.render(entry.lab, endpoints, short=False)}"
    for each in (path.parent.parent, path.parent):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    workspace.write(path, text)
    if not has_line():
        # At the top: below a Host or Match line it would hold for those hosts only.
        _replace(f"{line()}\n".encode() + _read(config()))
    return path


def refresh(entry: registry.Entry, endpoints: Sequence[base.Endpoint]) -> None:
    """Write the lab's file anew where there is one, for example after a port was changed."""
    if any(each.entry == entry for each in installed()):
        install(entry, endpoints)


def remove(entry: registry.Entry) -> tuple[pathlib.Path, ...]:
    """Remove the lab's file, and with the last one the line; return what was changed."""
    gone = [each.path for each in installed() if each.entry == entry]
    for path in gone:
        path.unlink(missing_ok=True)
    return (*gone, *(remove_line() if gone and not installed() else ()))


def remove_line() -> tuple[pathlib.Path, ...]:
    """Remove the line and the empty folder; return the user's file when it was changed."""
    with contextlib.suppress(OSError):
        folder().rmdir()
    if not has_line():
        return ()
    own = line().encode()
    kept = [each for each in _read(config()).splitlines(keepends=True) if each.strip() != own]
    _replace(b"".join(kept))
    return (config(),)


def _read(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _lines(content: bytes) -> list[str]:
    return [each.strip().decode(errors="replace") for each in content.splitlines()]


def _replace(content: bytes) -> None:
    """Replace the user's file at once, where it really is, with its mode and its owner."""
    path = pathlib.Path(os.path.realpath(config()))
    temporary = path.with_name(f".{path.name}.labkit-{os.getpid()}")
    try:
        before = path.stat() if path.exists() else None
        mode = stat.S_IMODE(before.st_mode) if before else 0o600
        descriptor = os.open(temporary, _NEW, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if before and sys.platform != "win32":
            os.chown(temporary, before.st_uid, before.st_gid)
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError as error:
        raise errors.LabError(
            f"{path} cannot be written: {error.strerror}",
            hint=f"its content is as it was; add this line at its top by hand: {line()}",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
