"""From a file to its text: nothing is read that could be too big, endless or not text."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from labkit import errors
from labkit.spec import filekind, place

if TYPE_CHECKING:
    import pathlib

LIMIT = 1024 * 1024
"""The most bytes such a file may have; the default lab file has about 1,500."""


def read(path: pathlib.Path, kind: filekind.FileKind = filekind.LAB) -> str:
    """Return the text of a file that a person wrote.

    Raises:
        errors.LabError: The file is missing, unreadable, too big, or not a regular file.
        errors.FileError: The file is not UTF-8; carries the place.
    """
    try:
        status = path.stat()
        _refuse_odd(path, kind, status.st_mode, status.st_size)
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
    except FileNotFoundError:
        raise errors.LabError(f"there is no {kind.name} at {path}", hint=kind.absent) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise errors.LabError(
            f"{path} cannot be read: {reason}", hint="check the path and its permissions"
        ) from None
    _refuse_odd(path, kind, stat.S_IFREG, len(content))
    return decode(content, str(path))


def decode(content: bytes, name: str) -> str:
    """Decode UTF-8, with or without the byte order mark that some editors write.

    Raises:
        errors.FileError: The bytes are not UTF-8; carries the place of the first that is not.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        position = place.Position.in_text(before, len(before))
        message = f"the byte 0x{error.object[error.start]:02x} is not UTF-8 text"
        hint = "save the file in the encoding UTF-8"
        problem = errors.Problem(name, position.line, position.column, message, hint)
        raise errors.FileError([problem]) from None


def _refuse_odd(path: pathlib.Path, kind: filekind.FileKind, mode: int, size: int) -> None:
    if stat.S_ISDIR(mode):
        hint = f"did you mean {path / kind.usual}?" if kind.usual else kind.absent
        raise errors.LabError(f"{path} is a directory, not a {kind.name}", hint=hint)
    if not stat.S_ISREG(mode):
        raise errors.LabError(
            f"{path} is not a regular file", hint=f"a pipe or a device cannot hold a {kind.thing}"
        )
    if size > LIMIT:
        raise errors.LabError(
            f"{path} is bigger than 1 MiB",
            hint=f"a {kind.name} is a few kilobytes; is this the right file?",
        )
