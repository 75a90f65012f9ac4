"""A command of lab.yml: the status that it ends with, and what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base as checks
from labkit.checks.own import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model


class Check(base.Own):
    """Run by a shell of its own, so that whatever it is ends with itself."""

    def ask(self, machine: model.Machine) -> str:
        """Print what the command prints, and end as it ends."""
        del machine
        limit = ("timeout", "--kill-after=5", str(base.LIMIT))
        return shell.argv(*limit, "sh", "-c", self.text("run"))

    def see(self, machine: model.Machine, answer: script.Answer) -> Iterator[checks.Seen]:
        """Compare the status, then what was printed."""
        del machine
        run = self.text("run")
        printed = answer.output.strip()
        status, wanted = str(answer.status), self.text("status")
        said = status if status == wanted else f"{status}: {printed}".rstrip(": ")
        yield checks.Seen(f"status of '{run}'", status == wanted, wanted, said, run)
        if self.own.wanted["output"] is not None:
            yield checks.equal(f"output of '{run}'", self.text("output").strip(), printed, run)
        if self.own.wanted["contains"] is not None:
            yield base.contains(f"text in output of '{run}'", self.text("contains"), printed, run)
