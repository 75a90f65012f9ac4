"""Run one of QEMU's programs until it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import child, errors

if TYPE_CHECKING:
    import pathlib

_TIMEOUT = 60


def run(
    words: list[str],
    cwd: pathlib.Path | None = None,
    descriptor: tuple[int, pathlib.Path] | None = None,
) -> str:
    """Return what the program printed.

    Args:
        words: Its argument list.
        cwd: The folder that it starts in.
        descriptor: A number, of one digit, and the file or folder that it finds open there.

    Raises:
        errors.ProviderError: It failed; the message has the end of its complaint.
    """
    before: list[str] = []
    if descriptor is not None:
        number, path = descriptor
        before = ["sh", "-c", f'exec {number}<"$0"; exec "$@"', str(path)]
    done = child.run([*before, *words], cwd=cwd, timeout=_TIMEOUT)
    if done.returncode != 0:
        raise errors.ProviderError(
            f"{words[0]} ended with status {done.returncode}: {done.stderr.strip()[-500:]}",
            hint="the last line above is its own; the full command is in the log",
        )
    return done.stdout
