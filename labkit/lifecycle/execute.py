"""Run a command on machines, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import parallel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.ssh import session


def execute(
    lab: context.Context, only: Sequence[model.Machine], command: str, *, timeout: float
) -> Mapping[str, session.Result | Exception]:
    """Run a shell command as root; return what each machine printed, or why it could not."""

    def run(machine: model.Machine) -> session.Result:
        with lab.session(machine) as opened:
            return opened.run(command, timeout=timeout)

    return parallel.each({machine.name: machine for machine in only}, run)
