"""The log of one run: a JSON line for each thing that it told, ran and met.

`.lab/NAME/logs/YYYYMMDD-HHMMSS-TASK-PID.jsonl`. Lines are appended whole, and no handle is kept
open, so that `destroy` can remove the folder under a run that still logs. Scripts sent to machines
may hold secrets and are never logged: a label, sizes and a duration are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import platform
import sys
import threading
import time
import traceback
import types
from typing import TYPE_CHECKING

import labkit
from labkit import errors, visible

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator, Mapping, Sequence

KEPT = 20
"""Logs that a lab keeps, the newest ones."""
TAIL = 2000
"""Characters of a failed command's complaint; the end says most."""

_APPEND = os.O_WRONLY | os.O_APPEND


@dataclasses.dataclass(slots=True)
class Command:
    """An outside command under way; whoever runs it says how it ended."""

    status: int | None = None
    """The exit status; None where there is none, as with an answer of QEMU's monitor."""
    said: str = ""
    """What it complained about; logged when it failed."""
    received: int | None = None
    """Bytes that came back."""


class _Run:
    """What this process is doing, and where its lines go; nowhere until `begin`."""

    task = "python"
    options: Mapping[str, object] = types.MappingProxyType({})
    path: pathlib.Path | None = None
    lock = threading.Lock()


def asked(task: str, options: Mapping[str, object]) -> None:
    """Remember what a run is for; its log begins when its lab is known.

    Args:
        task: The task's name, such as `up`.
        options: What the command line said, without what may be secret.
    """
    _Run.task, _Run.options, _Run.path = task, options, None


def begin(folder: pathlib.Path) -> None:
    """Start the log of a run in a lab's folder of logs, and forget the oldest ones."""
    now = dt.datetime.now().astimezone()
    name = f"{now:%Y%m%d-%H%M%S}-{_Run.task}-{os.getpid()}.jsonl"
    with contextlib.suppress(OSError):  # a full disk must not keep anybody from 'lab.destroy'
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in logs(folder)[KEPT - 1 :]:
            old.unlink(missing_ok=True)
        path = folder / name
        os.close(os.open(path, _APPEND | os.O_CREAT, 0o600))
        _Run.path = path
    version, options = labkit.__version__, dict(_Run.options)
    note("begin", version=version, task=_Run.task, options=options, host=_host())


def end(code: int, error: BaseException | None = None) -> None:
    """Write the last line of the log, and log no more."""
    note("end", code=int(code), **_reason(error))
    _Run.path = None


def logs(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the logs in a lab's folder of logs, the newest first."""
    return sorted(folder.glob("*.jsonl"), reverse=True)


def note(kind: str, **fields: object) -> None:
    """Append one line; nothing happens where no log has begun, or its folder is gone."""
    if _Run.path is None:
        return
    now = dt.datetime.now().astimezone().isoformat(timespec="milliseconds")
    line = json.dumps({"time": now, "kind": kind, **fields}, default=str) + "\n"
    with _Run.lock, contextlib.suppress(OSError):
        descriptor = os.open(_Run.path, _APPEND)
        try:
            # One write(2) with O_APPEND: lines of threads and processes do not mix.
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def told(machine: str, text: str) -> None:
    """Log what a person was told; `machine` is empty for the lab as a whole."""
    note("told", **({"machine": machine} if machine else {}), text=text)


@contextlib.contextmanager
def command(
    what: str | Sequence[str], *, machine: str = "", sent: int | None = None
) -> Generator[Command]:
    """Log one outside command with its duration, however it ends.

    Args:
        what: The program and its arguments, or a label where there are none to show.
        machine: The machine that it is about, if it is about one.
        sent: Bytes that it was given.
    """
    record = Command()
    start = time.monotonic()
    error: BaseException | None = None
    try:
        yield record
    except BaseException as raised:
        error = raised
        raise
    finally:
        name = {"label": what} if isinstance(what, str) else {"argv": [str(word) for word in what]}
        sizes = {"machine": machine or None, "sent": sent, "received": record.received}
        failed = {"said": record.said[-TAIL:]} if record.status and record.said else {}
        note(
            "command",
            **name,
            **{key: value for key, value in sizes.items() if value is not None},
            seconds=round(time.monotonic() - start, 3),
            status=record.status,
            **failed,
            **_reason(error),
        )


def _reason(error: BaseException | None) -> dict[str, object]:
    """Describe what was raised: an expected failure by its sentence, another one by its way.

    The text of an unexpected error may hold anything, so only its type and its way are logged.
    """
    if error is None:
        return {}
    if isinstance(error, errors.LabError):
        return {"error": visible.lines(error.message)}
    way = [f"{each.filename}:{each.lineno}" for each in traceback.extract_tb(error.__traceback__)]
    return {"error": type(error).__name__, "way": way}


def _host() -> dict[str, object]:
    """Say what runs labkit; neither names nor addresses, and of LAB_ variables no values."""
    import psutil  # noqa: PLC0415 - slow to import, and not every run looks at its host

    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.machine(),
        "processors": psutil.cpu_count() or 1,
        "memory_mib": psutil.virtual_memory().total >> 20,
        "root": sys.platform != "win32" and os.geteuid() == 0,
        "variables": sorted(name for name in os.environ if name.startswith("LAB_")),
    }
