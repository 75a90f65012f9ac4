"""Files that are whole at every moment: the old text or the new one, also after a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from typing import TYPE_CHECKING

from labkit import errors

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator

_NEW = ".new-"
_HINT = "make room, or let this user write there; then run the same task again"
_REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}


def write(path: pathlib.Path, content: str | bytes, *, mode: int = 0o600) -> None:
    """Replace a file at once: readers see the old content or the new one, also after a power cut.

    Raises:
        errors.LabError: The disk did not take it; the old content is still there.
    """
    temporary = path.with_name(f".{path.name}{_NEW}{os.getpid()}-{threading.get_ident()}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        descriptor = os.open(temporary, flags, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync(path.parent)
    except OSError as error:
        _forget(temporary)
        raise refusal(path, error) from error
    except BaseException:
        _forget(temporary)
        raise


def sweep(folder: pathlib.Path, name: str = "*") -> None:
    """Remove what killed runs were writing in a folder and did not come to rename."""
    for left in folder.glob(f".{name}{_NEW}*"):
        with contextlib.suppress(OSError):
            left.unlink()


def keep(path: pathlib.Path, aside: pathlib.Path) -> None:
    """Give a file a second name, under which it stays when the first one is written anew."""
    try:
        aside.unlink(missing_ok=True)
        try:
            aside.hardlink_to(path)  # needs no room
        except OSError:  # not every disk has links
            shutil.copyfile(path, aside)
    except OSError as error:
        raise refusal(aside, error) from error


def sync(path: pathlib.Path) -> None:
    """Write a file's content, or a folder's names, to the disk (fsync(2))."""
    if os.name != "posix":
        return  # Windows cannot open a folder, and orders renames by itself.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def refusals() -> Generator[None]:
    """Tell in a sentence when this host's disk refuses something, wherever that is met.

    Raises:
        errors.LabError: It is full, or this user may not do that.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        raise errors.LabError(
            f"{error.filename or 'the disk'}: {error.strerror}", hint=_HINT
        ) from error


def refusal(path: pathlib.Path, error: OSError) -> errors.LabError:
    """Return the sentence for a file that the disk did not take."""
    return errors.LabError(
        f"{path} cannot be written: {error.strerror}",
        hint=_HINT,
    )


def _forget(temporary: pathlib.Path) -> None:
    """Remove what was begun; where even that is refused, the first error is the one that counts."""
    try:
        temporary.unlink(missing_ok=True)
    except OSError:
        return
