"""Copy files and folders to and from machines: tar over ssh(1), as root on the machine.

Each side unpacks beside the target and then moves the whole to its place, so that a connection
that breaks leaves nothing half copied.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import pathlib
import subprocess
import tarfile
import tempfile
from typing import IO, TYPE_CHECKING

from labkit import errors, log, shell, visible

if TYPE_CHECKING:
    from collections.abc import Generator

    from labkit.lifecycle import context
    from labkit.plan import model

ALL = "all"
"""Stands for every machine."""
_UNREACHABLE = 255
"""How ssh(1) ends when the connection is to blame, and not the command."""

# The archive holds 'content', and as its last member 'end': without that it is not whole.
_INTO = """set -eu
target={} name={}
refuse() { echo "there is no folder $1" >&2; exit 1; }
case $target in */) [ -d "$target" ] || refuse "$target" ;; esac
place=$target
[ ! -d "$target" ] || place=${target%/}/$name
parent=$(dirname -- "$place")
[ -d "$parent" ] || refuse "$parent"
work=$(mktemp -d -- "$parent/.labkit-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
tar --extract --no-same-owner --directory="$work" --file=-
[ -e "$work/end" ]
if [ -d "$place" ] && [ -d "$work/content" ]; then cp -aT -- "$work/content" "$place"
else mv -fT -- "$work/content" "$place"; fi"""
# A folder is packed as '.', anything else under its own name.
_FROM = """set -eu
asked={}
[ -e "$asked" ] || { echo "there is no $asked" >&2; exit 1; }
source=$(readlink -f -- "$asked")
if [ -d "$source" ]; then cd -- "$source"; exec tar --create --file=- .; fi
cd -- "$(dirname -- "$source")"
exec tar --create --file=- -- "./$(basename -- "$source")\""""


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """One side is a path on machines, the other one on this host."""

    machines: tuple[model.Machine, ...]
    remote: str
    local: str
    to_machines: bool
    apart: bool = False
    """What comes from each machine goes into a folder of the machine's name."""


def parse(lab: context.Context, source: str, target: str) -> Job:
    """Find out which side is which: `MACHINE:PATH` or `all:PATH` is on machines.

    Raises:
        errors.LabError: Both sides are, or none; or what is to be sent is not there.
    """
    match _remote(lab, source), _remote(lab, target):
        case None, (machines, path):
            if not pathlib.Path(source).exists():
                raise errors.LabError(
                    f"there is no {visible.line(source)}", hint="look at the path"
                )
            return Job(machines, path, source, to_machines=True)
        case (machines, path), None:
            return Job(machines, path, target, False, apart=source.startswith(f"{ALL}:"))
        case None, None:
            names = ", ".join(machine.name for machine in lab.lab.machines)
            raise errors.LabError(
                f"neither '{visible.line(source)}' nor '{visible.line(target)}' is on a machine",
                hint=f"write MACHINE:PATH; machines are {names}, and {ALL} for every one",
            )
        case _:
            raise errors.LabError(
                "labkit does not copy from machine to machine",
                hint="copy to this host first, or log in and use scp there",
            )


def _remote(lab: context.Context, text: str) -> tuple[tuple[model.Machine, ...], str] | None:
    name, colon, path = text.partition(":")
    if colon and name == ALL:
        return lab.lab.machines, path or "."
    found = tuple(machine for machine in lab.lab.machines if colon and machine.name == name)
    return (found, path or ".") if found else None


def copy(lab: context.Context, job: Job, machine: model.Machine) -> int:
    """Copy to or from one machine; return how many links and devices were left out.

    Raises:
        errors.LabError: Something is not there, or not allowed.
        errors.UnreachableError: ssh could not log in, or its connection broke.
    """
    try:
        if job.to_machines:
            _send(lab, job, machine)
            return 0
        return _fetch(lab, job, machine)
    except (OSError, tarfile.TarError) as error:
        raise errors.LabError(f"{machine.name}: {error}") from error


def _send(lab: context.Context, job: Job, machine: model.Machine) -> None:
    source = pathlib.Path(job.local).resolve(strict=True)
    name = pathlib.Path(job.local).name
    name = source.name if name in {"", ".."} else name
    with (
        _ssh(lab, machine, shell.line(_INTO, job.remote, name), sends=True) as pipe,
        # Where the far side refuses it ends early, and the pipe with it: its own words count.
        contextlib.suppress(BrokenPipeError),
        tarfile.open(fileobj=pipe, mode="w|") as tar,
    ):
        tar.add(source, arcname="content", filter=_nobodys)
        tar.addfile(tarfile.TarInfo("end"), io.BytesIO())


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out whose the file is: the machine need not know, and root will own it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _fetch(lab: context.Context, job: Job, machine: model.Machine) -> int:
    target = _target(job, machine)
    left_out: list[str] = []

    def keep(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        try:
            return tarfile.data_filter(member, path)
        except tarfile.FilterError:  # it leads out of the folder, or is a device
            left_out.append(member.name)
            return None

    with tempfile.TemporaryDirectory(prefix=".labkit-", dir=target.parent) as folder:
        work = pathlib.Path(folder, "content")
        work.mkdir()
        is_folder = False
        with (
            _ssh(lab, machine, shell.line(_FROM, job.remote), sends=False) as pipe,
            contextlib.suppress(tarfile.ReadError),  # nothing came; ssh's status says why
            tarfile.open(fileobj=pipe, mode="r|") as tar,
        ):
            for member in tar:
                is_folder = is_folder or (member.isdir() and member.name == ".")
                tar.extract(member, work, filter=keep)
        found = work if is_folder else next(work.iterdir(), None)
        if found is not None:
            _place(found, target)
    return len(left_out)


def _target(job: Job, machine: model.Machine) -> pathlib.Path:
    """Return where it will be, as scp(1) and cp(1) understand a target."""
    target = pathlib.Path(job.local)
    name = pathlib.PurePosixPath(job.remote).name or machine.name
    if job.apart:
        target /= machine.name
        target.mkdir(parents=True, exist_ok=True)
    elif job.local.endswith(("/", os.sep)) and not target.is_dir():
        raise errors.LabError(f"there is no folder {target}", hint="make it first")
    place = target / name if target.is_dir() else target
    if not place.parent.is_dir():
        raise errors.LabError(f"there is no folder {place.parent}", hint="make it first")
    return place


def _place(found: pathlib.Path, target: pathlib.Path) -> None:
    """Move what was found to its place; a folder that is there already is filled, not replaced."""
    if found.is_symlink() or not found.is_dir() or not target.is_dir():
        found.replace(target)
        return
    for each in found.iterdir():
        _place(each, target / each.name)


@contextlib.contextmanager
def _ssh(
    lab: context.Context, machine: model.Machine, script: str, *, sends: bool
) -> Generator[IO[bytes]]:
    """Run a script as root on a machine, and give the pipe that leads to it, or from it."""
    user = lab.provider.endpoint(machine).user
    sudo = () if user == "root" else ("sudo", "-n", "-H")
    words = ["ssh", "-F", str(lab.space.ssh_config), "-o", "BatchMode=yes"]
    words += ["-o", "ServerAliveInterval=15", "--", machine.name]
    command = shell.argv(*sudo, "sh", "-c", script)
    with (
        log.command([*words, "tar"], machine=machine.name) as record,
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            [*words, command],
            stdin=subprocess.PIPE if sends else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if sends else subprocess.PIPE,
            stderr=complaints,
        ) as ssh,
    ):
        pipe = ssh.stdin or ssh.stdout
        if pipe is None:  # Popen's types allow it; its code does not
            raise EOFError
        try:
            yield pipe
        except BaseException:
            ssh.kill()
            raise
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
        record.status = ssh.wait()
        complaints.seek(0)
        record.said = complaints.read().decode(errors="replace")
    if record.status:
        last = visible.line(record.said.strip().rpartition("\n")[2]) or "no word"
        if record.status == _UNREACHABLE:
            raise errors.UnreachableError(f"the connection to {machine.name} broke: {last}")
        raise errors.LabError(f"{machine.name}: {last}")
