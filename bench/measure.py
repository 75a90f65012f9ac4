"""One run of one tool: how long it took, what it cost, and whether the machines are as wanted."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import time
from typing import TYPE_CHECKING

from bench import farm, workload
from labkit import errors

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Sequence

    from bench import contestants

_TAIL = 3000
PATIENCE = 900.0
_AS_INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}
"""What pip installs is compiled; a checkout's modules are compiled when they are first imported,
which is before anything is measured, and must stay so."""


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """What one run took."""

    wall: float
    """Seconds from the start of the process to its end."""
    cpu: float
    """Seconds of processor on the controller, by all processes that the tool waited for."""
    execs: float
    """Commands and subsystems that each machine's sshd started, on average."""
    connections: float
    turns: int = 0
    """How often the client waited for the machine, where a proxy counted it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """A first run, which changed everything, and the second one, which changed nothing."""

    first: Run
    again: Run


def pair(
    tool: contestants.Tool,
    machines: Sequence[farm.Machine],
    log: pathlib.Path,
    turns: Callable[[], int] = lambda: 0,
) -> Pair:
    """Put the machines back to the start, run a tool twice, and judge each run by its end state.

    Args:
        tool: What is run.
        machines: What it works on.
        log: Gets what it says.
        turns: Says how often the client has waited so far.

    Raises:
        errors.LabError: The tool failed, or a machine is not as wanted.
    """
    farm.everywhere(machines, workload.START)
    first = once(tool, tool.first, machines, log)
    between = turns()
    judge(tool, machines)
    again = once(tool, tool.again, machines, log)
    judge(tool, machines)
    return Pair(
        dataclasses.replace(first, turns=between),
        dataclasses.replace(again, turns=turns() - between),
    )


def judge(tool: contestants.Tool, machines: Sequence[farm.Machine]) -> None:
    """Refuse to count a run after which a machine is not as wanted.

    Raises:
        errors.LabError: Names a machine and what is wrong on it.
    """
    for machine in machines:
        workload.judge(tool.name, machine.name, machine.run(workload.check(machine.name)))


def once(
    tool: contestants.Tool,
    argv: Sequence[str],
    machines: Sequence[farm.Machine],
    log: pathlib.Path,
) -> Run:
    """Run a tool's command once.

    Raises:
        errors.LabError: It failed; has the end of what it said.
    """
    farm.forget(machines)
    with log.open("wb") as output:
        start = time.monotonic()
        process = subprocess.Popen(
            argv,
            cwd=tool.folder,
            env={**os.environ, **_AS_INSTALLED, **tool.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
    if process.returncode:
        said = log.read_text(errors="replace")[-_TAIL:]
        raise errors.LabError(f"{tool.name} ended with {process.returncode}:\n{said}")
    counted = [farm.sessions(machine) for machine in machines]
    return Run(
        wall,
        used.ru_utime + used.ru_stime,
        sum(each.execs for each in counted) / len(counted),
        sum(each.connections for each in counted) / len(counted),
    )
