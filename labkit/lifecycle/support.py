"""Pack what a bug report needs, without what says who made it.

Only what is listed in `_collect` is read. Keys, disks and seeds are not among it, and the lines of
every private key of the lab are looked for in all that is packed.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import getpass
import importlib.metadata
import io
import json
import os
import pathlib
import platform
import re
import socket
import tarfile
import time
from typing import TYPE_CHECKING

import psutil

import labkit
from labkit import anonymous, child, errors, log, visible, workspace
from labkit.images import store
from labkit.lifecycle import context, doctor
from labkit.report import plan as plan_report
from labkit.secrets import env

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TAIL = 200
"""Lines of a console and of an image's log."""
_LOG = 1 << 20
"""Bytes of a run's log; its end says most."""
_PROGRAMS = {
    "qemu-system-x86_64": "--version",
    "qemu-img": "--version",
    "mmdebstrap": "--version",
    "ssh": "-V",
}
_PACKAGES = ("fabric", "filelock", "invoke", "paramiko", "psutil", "pydantic", "qemu.qmp", "rich")
"""Those of labkit's Python packages whose behaviour differs most from release to release."""
_SECRET_NAME = re.compile(r"(?i)pass|secret|token|api_?key|credential")
_KEY_LINE = 30
"""Characters; shorter lines of a private key are not its own."""


@dataclasses.dataclass(frozen=True, slots=True)
class Bundle:
    """What was packed."""

    path: pathlib.Path
    names: tuple[str, ...]
    replaced: Mapping[str, int]
    """How often each kind of thing was replaced."""


def support(file: pathlib.Path, to: pathlib.Path) -> Bundle:
    """Pack a bundle for the lab of a lab file, which may be broken, into the folder `to`.

    Raises:
        errors.LabError: The bundle cannot be written.
    """
    lab: context.Context | None = None
    fault = ""
    try:
        lab = context.open_lab(file)
    except errors.LabError as error:
        fault = f"{error.message}\n"
    spaces = [lab.space] if lab else _spaces(file.absolute().parent)
    hide = anonymous.Anonymiser(known(lab, spaces, file))
    parts = {name: _hidden(hide, name, text) for name, text in _collect(lab, spaces, file, fault)}
    name = f"labkit-support-{time.strftime('%Y%m%d-%H%M%S')}"
    replaced = {kind: count for kind, count in sorted(hide.counts.items()) if count}
    parts["README.txt"] = _readme(parts, replaced)
    path = to / f"{name}.tar.gz"
    _pack(path, name, parts)
    return Bundle(path, tuple(sorted(parts)), replaced)


def _spaces(folder: pathlib.Path) -> list[workspace.Workspace]:
    return [workspace.Workspace(folder, path.name) for path in (folder / ".lab").glob("*/")]


def _hidden(hide: anonymous.Anonymiser, name: str, text: str) -> str:
    return hide.lines(text) if name.endswith((".json", ".jsonl")) else hide.text(text)


def _collect(
    lab: context.Context | None,
    spaces: list[workspace.Workspace],
    file: pathlib.Path,
    fault: str,
) -> Iterator[tuple[str, str]]:
    """Yield the names and the texts of all that goes into the bundle. JSON is one line a value."""
    yield "versions.txt", "".join(f"{name}: {said}\n" for name, said in versions())
    if file.is_file():
        yield "lab.yml", file.read_text(encoding="utf-8", errors="replace")
    if fault:
        yield "fault.txt", fault
    if lab:
        yield "plan.json", json.dumps(plan_report.document(lab.lab, lab.space))
        yield "doctor.txt", _doctor(lab)
    for space in spaces:
        yield from _of_space(space)
    for path in sorted((store.root() / "log").glob("*.log")):
        yield f"images/{path.name}", _end(path)


def _of_space(space: workspace.Workspace) -> Iterator[tuple[str, str]]:
    if space.ledger.path.exists():
        yield f"{space.lab}/ledger.json", _read(space.ledger.path)
    for path in log.logs(space.logs):
        yield f"{space.lab}/logs/{path.name}", _read(path)[-_LOG:]
    for path in sorted(space.machine("").glob("*/console.log")):
        shown = visible.console(path.read_text(encoding="utf-8", errors="replace"), _TAIL)
        yield f"{space.lab}/consoles/{path.parent.name}.txt", f"{shown}\n"


def _doctor(lab: context.Context) -> str:
    try:
        findings = doctor.doctor(lab)
    except errors.LabError as error:
        return f"{error.message}\n"
    return "".join(f"{each.verdict.value} {each.name}: {each.detail}\n" for each in findings)


def versions() -> Iterator[tuple[str, str]]:
    """Yield what runs labkit, and its version."""
    yield "labkit", labkit.__version__
    yield "python", platform.python_version()
    yield "system", f"{platform.system()} {platform.release()} {platform.machine()}"
    with contextlib.suppress(OSError):
        yield "distribution", platform.freedesktop_os_release().get("PRETTY_NAME", "")
    yield "processors", str(psutil.cpu_count())
    yield "memory", f"{psutil.virtual_memory().total >> 20} MiB"
    yield "kvm", "may be opened" if os.access("/dev/kvm", os.R_OK | os.W_OK) else "no access"
    for program, option in _PROGRAMS.items():
        yield program, _version(program, option)
    for name in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            yield name, importlib.metadata.version(name)


def _version(program: str, option: str) -> str:
    try:
        done = child.run([program, option], timeout=10)
    except errors.LabError as error:
        return error.message
    return (done.stdout or done.stderr).partition("\n")[0]


def known(
    lab: context.Context | None, spaces: list[workspace.Workspace], file: pathlib.Path
) -> anonymous.Known:
    """Return what must not be in anything that leaves this host.

    Raises:
        errors.LabError: The user has no name.
    """
    machines = lab.lab.machines if lab else ()
    with contextlib.suppress(OSError, KeyError):  # a number without a name, in a container
        return anonymous.Known(
            users=(getpass.getuser(), os.environ.get("SUDO_USER", ""), pathlib.Path.home().name),
            hosts=_host_names(),
            folders={
                str(file.absolute().parent): "LAB-FOLDER",
                str(store.root()): "CACHE",
                str(pathlib.Path.home()): "HOME",
            },
            secrets=(*_in_environment(), *_in_keys(spaces), *(lab.secrets.held() if lab else ())),
            networks=[network.subnet for network in lab.lab.networks] if lab else [],
            macs=[nic.mac for machine in machines for nic in machine.nics],
        )
    raise errors.LabError("this user has no name", hint="set USER in the environment")


def _host_names() -> tuple[str, ...]:
    name = socket.gethostname()
    return name, name.partition(".")[0]


def _in_environment() -> list[str]:
    """Return the values of variables that are named like secrets, or are secrets of the lab."""
    named = (value for name, value in os.environ.items() if _SECRET_NAME.search(name))
    return [*named, *env.held()]


def _in_keys(spaces: list[workspace.Workspace]) -> list[str]:
    """Return the lines of the labs' private keys: they must be in nothing that is packed."""
    paths = (path for space in spaces for path in (space.path / "keys").rglob("*"))
    texts = [_read(path) for path in paths if path.is_file() and path.suffix != ".pub"]
    return [line for text in texts for line in text.splitlines() if _is_key(line)]


def _is_key(line: str) -> bool:
    return len(line) >= _KEY_LINE and not line.startswith("-----")


def _read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _end(path: pathlib.Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return "".join(collections.deque(file, _TAIL))


def _readme(parts: Mapping[str, str], replaced: Mapping[str, int]) -> str:
    found = "".join(f"  {kind}: {count}\n" for kind, count in replaced.items())
    names = "".join(f"  {name}\n" for name in sorted(parts))
    return (
        "Made by 'labkit support' for a bug report.\n\n"
        f"Inside:\n{names}\nReplaced:\n{found or '  nothing'}\n"
        "Names of labs and machines, and addresses of the lab's own networks, are as they were.\n"
        "Read it before you send it: a secret that looks like any other word is not recognised.\n"
    )


def _pack(path: pathlib.Path, name: str, parts: Mapping[str, str]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for part, text in sorted(parts.items()):
            content = text.encode(errors="replace")
            info = tarfile.TarInfo(f"{name}/{part}")
            info.size, info.mtime, info.mode = len(content), int(time.time()), 0o600
            tar.addfile(info, io.BytesIO(content))
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(buffer.getvalue())
    except OSError as error:
        raise errors.LabError(
            f"{path} cannot be written: {error.strerror}", hint="name another folder with --to"
        ) from error
