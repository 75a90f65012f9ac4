"""A TCP port of lab.yml, tried from the machines that are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base as checks
from labkit.checks import programs
from labkit.checks.own import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

_LIMIT = 5
"""Seconds; a firewall that drops packets says nothing, and so is waited for."""


class Check(base.Own):
    """One connection, closed at once."""

    def ask(self, machine: model.Machine) -> str:
        """Print open, or why it is not."""
        words = ("python3", "-I", "-S", "-c", programs.text("port"), _LIMIT)
        return shell.argv(*words, self._address(machine), self.text("port"))

    def see(self, machine: model.Machine, answer: script.Answer) -> Iterator[checks.Seen]:
        """Say whether something listens, and should."""
        address, port = self._address(machine), self.text("port")
        expected = "open" if self.own.wanted["open"] else "closed"
        said = answer.output.strip()
        # What is neither is an error of the program, and as such neither open nor closed.
        state, _, reason = said.partition(": ")
        ok = state == expected
        actual = expected if ok else (said if reason else state)
        by_hand = f"timeout {_LIMIT} bash -c '< /dev/tcp/{address}/{port}' && echo open"
        yield checks.Seen(f"port {port} of {address}", ok, expected, actual, by_hand)

    def _address(self, machine: model.Machine) -> str:
        return self.text("machine") or str(machine.hostonly)
