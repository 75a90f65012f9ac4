"""An archive whose every byte follows from its files: plain ustar, which tar(1) unpacks.

Reading accepts what `pack` writes and nothing else, so that there is no place for a link, a path
that leads out, a second file of a name, or a byte that nobody looks at. It is not compressed, and
so cannot grow when it is read. Source: POSIX.1-2017, pax, "ustar Interchange Format".
"""

from __future__ import annotations

import io
import re
import tarfile
from typing import TYPE_CHECKING

from labkit import errors, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST = 256 << 20
"""Bytes; the report of 64 machines with 10 000 results takes 20 MB."""
_BLOCK = 512
_MOST = 64
"""Files; an archive of labkit has a dozen."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}/[A-Za-z0-9][A-Za-z0-9._-]{0,40}")
_KINDS = {
    b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device",
    b"5": "a folder", b"6": "a pipe",
}  # fmt: skip


class RefusedError(errors.LabError, ValueError):
    """A file is no evidence of labkit, or was changed so that it is none any more."""

    exit_code = errors.ExitCode.NO

    def __init__(self, why: str) -> None:
        """Say why; whoever knows the file's name puts it before that."""
        super().__init__(why, hint="ask for the file again, as 'lab.evidence' wrote it")


def pack(folder: str, files: Mapping[str, bytes], moment: int) -> bytes:
    """Return an archive of files in one folder.

    Args:
        folder: Its name.
        files: Each one's content, by its name.
        moment: Seconds since 1970, which every file gets as its time.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in sorted(files.items()):
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size, info.mtime, info.mode = len(content), moment, 0o644
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive by their names, without the folder.

    Raises:
        RefusedError: `pack` did not write it so.
    """
    files: dict[str, bytes] = {}
    folders: set[str] = set()
    moments: set[int] = set()
    for path, moment, content in _members(data):
        folder, _, name = path.partition("/")
        if name in files:
            raise RefusedError(f"it holds '{name}' twice")
        files[name] = content
        folders.add(folder)
        moments.add(moment)
        if len(files) > _MOST:
            raise RefusedError(f"it holds more than {_MOST} files")
    if len(folders) != 1 or len(moments) != 1:
        raise RefusedError("its files are not of one folder and one moment")
    if pack(folders.pop(), files, moments.pop()) != data:
        raise RefusedError("there is something between, before or behind its files")
    return files


def _members(data: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Yield path, time and content of each file; what follows the last one is not looked at."""
    at = 0
    while True:
        head = data[at : at + _BLOCK]
        if len(head) < _BLOCK:
            raise RefusedError("it ends too early: a part of it is missing")
        if not head.strip(b"\0"):
            return
        path, size, moment = _head(head)
        content = data[at + _BLOCK : at + _BLOCK + size]
        if len(content) < size:
            raise RefusedError(f"it ends in the middle of '{path}'")
        yield path, moment, content
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK


def _head(head: bytes) -> tuple[str, int, int]:
    if head[257:263] != b"ustar\0":
        raise RefusedError("it is no archive of labkit")
    path = head[:100].rstrip(b"\0").decode("ascii", "backslashreplace")
    kind = head[156:157]
    if kind != b"0":
        what = _KINDS.get(kind, "no plain file")
        raise RefusedError(f"'{visible.line(path)}' in it is {what}")
    if not _NAME.fullmatch(path):
        raise RefusedError(f"a file in it is called '{visible.line(path)}'")
    try:
        return path, int(head[124:135], 8), int(head[136:147], 8)
    except ValueError:
        raise RefusedError(f"the size or time of '{path}' in it is no number") from None
