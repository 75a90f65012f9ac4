"""Run a command on machines, all at once, and tell what they print while they print it."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from labkit import parallel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.ssh import session


class Lines:
    """Cuts a stream of bytes, which comes in pieces cut anywhere, into lines of text."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """Remember who is told each line, without its end."""
        self._tell = tell
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._rest = ""

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        *whole, self._rest = (self._rest + self._decode(piece)).split("\n")
        for line in whole:
            self._tell(line.removesuffix("\r"))

    def close(self) -> None:
        """Tell the last line also when it has no end."""
        rest = self._rest + self._decode(b"", final=True)
        self._rest = ""
        if rest:
            self._tell(rest)


def _nobody(machine: str, line: str) -> None:
    del machine, line


def execute(
    lab: context.Context,
    only: Sequence[model.Machine],
    command: str,
    *,
    timeout: float,
    heard: Callable[[str, str], None] = _nobody,
) -> Mapping[str, session.Result | Exception]:
    """Run a shell command as root; return what each machine printed, or why it could not.

    Args:
        lab: The lab.
        only: The machines.
        command: Text for a POSIX shell.
        timeout: Seconds that it may take.
        heard: Told (machine, line) as each line comes, by several threads at once.
    """

    def run(machine: model.Machine) -> session.Result:
        lines = Lines(lambda line: heard(machine.name, line))
        try:
            with lab.session(machine) as opened:
                return opened.run(command, timeout=timeout, label="exec", on_output=lines.feed)
        finally:
            lines.close()

    return parallel.each({machine.name: machine for machine in only}, run)
