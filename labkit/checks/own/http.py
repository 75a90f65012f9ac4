"""A web server of lab.yml, asked from the machines that are named."""

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


class Check(base.Own):
    """A GET by Python's own client, since not every machine has curl(1)."""

    def ask(self, machine: model.Machine) -> str:
        """Print the status, then the beginning of the answer."""
        del machine
        words = ("python3", "-I", "-c", programs.text("http"), base.LIMIT // 3)
        return shell.argv(*words, self.text("url"))

    def see(self, machine: model.Machine, answer: script.Answer) -> Iterator[checks.Seen]:
        """Compare the status, then look for the text."""
        del machine
        url, wanted = self.text("url"), self.text("status")
        by_hand = shell.argv("curl", "-sSiL", url)
        status, _, body = answer.output.partition("\n")
        yield checks.equal(f"status of {url}", wanted, status.strip() or "no answer", by_hand)
        if status == wanted and (text := self.text("contains")):
            yield base.contains(f"text in {url}", text, body, by_hand)
