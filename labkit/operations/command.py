"""A command behind a guard: run only while the guard says that it is still to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import pydantic

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from labkit.families import base as family_base

_ANSWERS = {"done": True, "to do": False}

_Shell = Annotated[str, text.matching(r"[^\x00]*[^\s\x00][^\x00]*", "shell text")]


class Command(base.Operation[bool]):
    """`command: {run: kubeadm init, creates: /etc/kubernetes/admin.conf}`.

    `run` and `unless` are shell text, and the profile's author answers for them: they are run as
    they stand, as root, by `sh`, without input. A value that is filled in (`{{ ... }}`) becomes
    part of that text. `run` ends at its first command that fails. Afterwards the guard must hold.
    """

    run: _Shell
    unless: _Shell | None = None
    """The guard: shell text that succeeds when there is nothing to do. It must change nothing."""
    creates: text.Path | None = None
    """Or a path: where it exists, there is nothing to do."""

    side_effects: ClassVar[bool] = True

    @pydantic.model_validator(mode="after")
    def _guarded(self) -> Command:
        if (self.unless is None) == (self.creates is None):
            raise ValueError("a command has one guard: 'unless' or 'creates'")
        return self

    def probe(self) -> str:
        """Print whether the guard holds."""
        # Text in quotes, to a shell of its own: a quote or bracket too many stays in there.
        guard = (
            shell.line("[ -e {} ]", self.creates)
            if self.unless is None
            else shell.line("(eval {}) < /dev/null > /dev/null 2>&1", self.unless)
        )
        return f"if {guard}; then echo done; else echo 'to do'; fi"

    def read(self, output: str) -> bool:
        """Say whether the guard holds."""
        (answer,) = text.lines(output, 1)
        if answer not in _ANSWERS:
            raise base.FactError(f"expected 'done' or 'to do', got {output[:200]!r}")
        return _ANSWERS[answer]

    def diff(self, state: bool) -> tuple[base.Change, ...]:
        """Run the command when the guard does not hold."""
        if state:
            return ()
        first, *others = self.run.strip().split("\n")
        subject = f"command '{first}{' ...' if others else ''}'"
        guard = self.unless.strip() if self.unless else f"{self.creates} is there"
        run = f"{shell.argv('sh', '-e', '-c', self.run)} < /dev/null"
        return (base.Change(subject, "", guard, (run,)),)

    def see(self) -> str:
        """Ask the guard: with success there is nothing to do."""
        return self.unless or shell.argv("ls", "-ld", self.creates)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Type the command itself."""
        del family
        return (self.run.strip(),)
