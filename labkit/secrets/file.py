"""Secrets in files of the lab folder that nobody but their owner can open."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from labkit import errors, shell

if TYPE_CHECKING:
    import pathlib

LIMIT = 64 * 1024
"""The most bytes that such a file may have; a key has about 400."""

# A FIFO must not make the run wait, and a link that appears between two looks must not be followed.
_FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
)


def read(name: str, folder: pathlib.Path) -> str:
    """Return the text of a file, with the line end at its end if it has one.

    Args:
        name: The path below the lab folder.
        folder: The lab folder. What lies outside of it, also behind a link, is not opened: a lab
            from somebody else must not put the user's own keys into its machines.

    Raises:
        errors.LabError: There is no such file, others can open it, or it is not text.
    """
    path = _inside(name, folder)
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise errors.LabError(
            f"there is no file {name} in the lab folder",
            hint=f"write the secret into {folder / name}, and keep it out of version control",
        ) from None
    except OSError as error:
        reason = error.strerror or errno.errorcode.get(error.errno or 0, "")
        raise errors.LabError(
            f"the file {name} cannot be opened: {reason}", hint="check its owner and permissions"
        ) from None
    try:
        _refuse_odd(name, path, os.fstat(descriptor))
        return _text(name, _content(descriptor))
    finally:
        os.close(descriptor)


def _inside(name: str, folder: pathlib.Path) -> pathlib.Path:
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise errors.LabError(
            f"the file {name} is a link out of the lab folder",
            hint="copy it into the lab folder, or name an environment variable instead",
        )
    return path


def _refuse_odd(name: str, path: pathlib.Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise errors.LabError(
            f"{name} is not a regular file", hint="a folder, a pipe or a device holds no secret"
        )
    mode = stat.S_IMODE(status.st_mode)
    # Windows has access control lists in the place of these bits.
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise errors.LabError(
            f"other users can open the file {name}: its mode is {mode:04o}",
            hint=shell.argv("chmod", "600", path),
        )
    if status.st_size > LIMIT:
        raise _too_big(name)


def _content(descriptor: int) -> bytes:
    content = b""
    while len(content) <= LIMIT and (chunk := os.read(descriptor, LIMIT + 1)):
        content += chunk
    return content


def _text(name: str, content: bytes) -> str:
    if len(content) > LIMIT:
        raise _too_big(name)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise errors.LabError(
            f"the file {name} is not UTF-8 text", hint="encode it, for example with base64(1)"
        )
    return text


def _too_big(name: str) -> errors.LabError:
    return errors.LabError(f"the file {name} is bigger than 64 KiB", hint="is it the right file?")
