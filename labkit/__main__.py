"""Run labkit as `labkit` or `python -m labkit`, in any lab folder."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from labkit import claim, early, lean

if TYPE_CHECKING:
    from collections.abc import Generator

_UNREAD = 141
"""What a shell says of a program that SIGPIPE has ended: 128 and the signal's number."""


def main() -> None:
    """Parse the command line and run the tasks that it names."""
    words = sys.argv[1:]
    early.begin(words)
    lean.begin()
    lean.invoke()
    import invoke.program  # noqa: PLC0415 - slow; nothing was imported before the line above

    import labkit  # noqa: PLC0415
    from labkit import tasks  # noqa: PLC0415

    namespace = tasks.lab(words)
    namespace.name = None
    namespace.add_collection(tasks.image(words))
    namespace.add_collection(tasks.classroom(words))
    lean.begun()
    program = invoke.program.Program(
        name="labkit", binary="labkit", version=labkit.__version__, namespace=namespace
    )
    try:
        with _read_on():
            program.run()
    finally:
        claim.let_go()


@contextlib.contextmanager
def _read_on() -> Generator[None]:
    """Say nothing more when nobody reads what is printed, as behind `| head`."""
    try:
        yield
    except BrokenPipeError:
        if _is_read("\n"):  # another pipe broke
            raise
        sys.exit(_UNREAD)
    finally:
        _is_read()


def _is_read(more: str = "") -> bool:
    """Print what is left; where nobody reads it, let it vanish, or Python complains at the end."""
    try:
        sys.stdout.write(more)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


if __name__ == "__main__":
    main()
