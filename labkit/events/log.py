"""The events of a lab in its folder, written by whoever holds the lab."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ed25519

from labkit import errors, secret, workspace
from labkit.events import model
from labkit.workspace import files

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Generator

    from labkit.report import model as reports

NAME = "events.jsonl"
KEY = "events.key"
"""In a student's folder: the secret of which the student's key follows, as the class gave it."""
PURPOSE = "events"
"""Of the secret that the class gives, see `labkit.classroom.folder.key`."""
_TAIL = 2 * model.LONGEST
"""Bytes at the end of the file in which the last whole line is."""


def private(given: secret.Secret) -> ed25519.Ed25519PrivateKey:
    """Return the key that follows from a secret."""
    seed = hashlib.sha256(f"labkit events {given.reveal().strip()}".encode()).digest()
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed)


def append(space: workspace.Workspace, kind: str, said: dict[str, str | int | bool]) -> None:
    """Add an event; a lab that has no folder has none.

    Raises:
        errors.LabError: The disk did not take it.
    """
    if not space.path.is_dir():
        return
    path = space.path / NAME
    try:
        last = _last(path)
        event = model.Event(
            lab=space.lab,
            chain=last.chain if last else secrets.token_hex(8),
            seq=last.seq + 1 if last else 1,
            previous=last.digest if last else "",
            at=int(time.time()),
            kind=kind,
            said={name: _cut(value) for name, value in said.items()},
        )
        line = model.write(event, private(_secret(space)))
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:  # noqa: PTH123 - a descriptor
            file.write(line)
    except OSError as error:
        raise files.refusal(path, error) from error


@contextlib.contextmanager
def task(space: workspace.Workspace, name: str, narrate: Callable[[str], None]) -> Generator[None]:
    """Write that a task begins, and how it ends; where that fails it is said, and nothing more."""
    _try(space, model.Kind.BEGIN, {"task": name}, narrate)
    code = 0
    try:
        yield
    except errors.LabError as error:
        code = int(error.exit_code)
        raise
    except KeyboardInterrupt:
        code = int(errors.ExitCode.INTERRUPTED)
        raise
    except BaseException:
        code = 1
        raise
    finally:
        _try(space, model.Kind.END, {"task": name, "code": code}, narrate)


def report(space: workspace.Workspace, found: reports.Report) -> None:
    """Write what a look at the lab has found: how much, and the first thing that is wrong."""
    first = found.failures[0] if found.failures else None
    append(
        space,
        model.Kind.REPORT,
        {
            "ok": found.ok,
            "total": len(found.results),
            "failed": len(found.failures),
            "machine": first.machine if first else "",
            "check": first.check if first else "",
            "subject": first.subject if first else "",
        },
    )


def _try(
    space: workspace.Workspace,
    kind: str,
    said: dict[str, str | int | bool],
    narrate: Callable[[str], None],
) -> None:
    try:
        append(space, kind, said)
    except errors.LabError as error:
        narrate(f"the teacher's board will not hear of this: {error.message}")


def _secret(space: workspace.Workspace) -> secret.Secret:
    given = space.folder / KEY
    own = space.path / "keys" / "events"
    for path in (given, own):
        with contextlib.suppress(FileNotFoundError):
            return secret.Secret(path.read_text(encoding="utf-8"))
    own.parent.mkdir(mode=0o700, exist_ok=True)
    made = secret.Secret(secrets.token_hex(32))
    workspace.write(own, made.reveal())
    return made


def _last(path: pathlib.Path) -> model.Event | None:
    """Return the last event; None where there is no file, or none that can be gone on with.

    A line that a crash cut off is ended, so that what follows stands on a line of its own.
    """
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            tail = file.read()
            if tail and not tail.endswith(b"\n"):
                file.write(b"\n")
    except FileNotFoundError:
        return None
    for line in reversed(tail.splitlines()):
        with contextlib.suppress(model.RefusedError):
            return model.read(line)[0]
    return None


def _cut(value: str | int) -> str | int:
    return value[: model.TEXT] if isinstance(value, str) else value
