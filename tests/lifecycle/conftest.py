"""A lab whose machines exist in memory only: they start, answer, fail and die as a test says."""

from __future__ import annotations

import io
import pathlib
import re
from typing import TYPE_CHECKING

import pytest
import rich.console

from labkit import checks, console, errors
from labkit.checks import base as checks_base
from labkit.lifecycle import context
from labkit.providers import base
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from labkit.converge import script
    from labkit.plan import model
    from labkit.profiles import load

_WORD = re.compile(r"labkit-[0-9a-f]{16}")

LAB = """\
lab: memory
machines:
  ansible-01: {roles: [ansible], nat: 10.0.2.51, hostonly: 192.168.56.51}
  web-01: {nat: 10.0.2.61, hostonly: 192.168.56.61}
"""


class Provider(base.Provider):
    """Machines that are a word each; what is asked of them is written down."""

    def __init__(self, lab: model.Lab) -> None:
        self.states = {machine.name: base.State.ABSENT for machine in lab.machines}
        self.findings: list[base.Finding] = []
        self.broken: dict[str, Exception] = {}
        """What starting, stopping or removing a machine meets."""
        self.left: list[str] = []
        self.asked: list[str] = []
        self.held: set[str] = set()
        self.saved: dict[str, dict[str, base.Snapshot]] = {name: {} for name in self.states}
        self.acts: list[str] = []
        """What was done about snapshots, in order."""

    def preflight(self) -> Sequence[base.Finding]:
        self.asked.append("preflight")
        return self.findings

    def prepare(self) -> None:
        self.asked.append("prepare")

    def status(self) -> Mapping[str, base.State]:
        return dict(self.states)

    def endpoint(self, machine: model.Machine) -> base.Endpoint:
        nowhere = pathlib.Path("none")
        return base.Endpoint(machine.name, "127.0.0.1", 22, "root", nowhere, nowhere)

    def start(self, machine: model.Machine) -> base.Endpoint:
        self._do("start", machine.name, base.State.RUNNING)
        return self.endpoint(machine)

    def stop(self, machine: model.Machine) -> None:
        self._do("stop", machine.name, base.State.STOPPED)

    def made(self) -> Sequence[str]:
        return sorted(self.states)

    def destroy(self, name: str) -> None:
        self._do("destroy", name, base.State.ABSENT)

    def leftovers(self) -> Sequence[str]:
        absent = base.State.ABSENT
        return [*self.left, *(name for name, state in self.states.items() if state is not absent)]

    def alive(self, machine: model.Machine) -> None:
        if self.states[machine.name] is not base.State.RUNNING:
            raise errors.ProviderError(f"{machine.name} has ended")

    def console_tail(self, machine: model.Machine, lines: int = 15) -> str:
        del lines
        return f"the console of {machine.name}"

    def pause(self, machine: model.Machine) -> None:
        self._act("pause", machine.name)
        if self.states[machine.name] is base.State.RUNNING:
            self.held.add(machine.name)

    def resume(self, machine: model.Machine) -> None:
        self._act("resume", machine.name)
        self.held.discard(machine.name)

    def snapshots(self, machine: model.Machine) -> Mapping[str, base.Snapshot]:
        return dict(self.saved[machine.name])

    def save(self, machine: model.Machine, name: str) -> None:
        self._act("save", f"{machine.name} {name}")
        running = self.states[machine.name] is base.State.RUNNING
        assert running == (machine.name in self.held)
        taken = 1000.0 + len(self.acts)
        self.saved[machine.name][name] = base.Snapshot(taken, running)

    def restore(self, machine: model.Machine, name: str) -> None:
        self._act("restore", f"{machine.name} {name}")
        running = self.saved[machine.name][name].running
        self.states[machine.name] = base.State.RUNNING if running else base.State.STOPPED

    def discard(self, machine: model.Machine, name: str) -> None:
        self._act("discard", f"{machine.name} {name}")
        self.saved[machine.name].pop(name, None)

    def _act(self, verb: str, what: str) -> None:
        self.acts.append(f"{verb} {what}")
        about = f"{verb} {what.partition(' ')[0]}"
        if about in self.broken:
            raise self.broken[about]

    def _do(self, verb: str, name: str, state: base.State) -> None:
        self.asked.append(f"{verb} {name}")
        if name in self.broken:
            raise self.broken[name]
        self.states[name] = state


class Session(sessions.Session):
    """Answers every section with nothing, and counts the sessions that stay open."""

    down: tuple[str, ...] = ()
    still_open: int = 0

    def open(self, timeout: float = 60.0, *, banner: float | None = None) -> None:
        del timeout, banner
        type(self).still_open += 1

    def close(self) -> None:
        type(self).still_open -= 1

    def _exec(
        self, command: str, stdin: str, timeout: float, on_output: Callable[[bytes], None]
    ) -> sessions.Result:
        del command, timeout, on_output
        name = self.endpoint.machine
        if name in self.down:
            raise errors.UnreachableError(f"the connection to {name} broke: closed")
        found = _WORD.findall(stdin)
        if not found:
            return sessions.Result(f"{name} ran it\n", 0)
        count = stdin.count(f"{found[0]} begin")
        text = f"\n{found[0]} begin\n\n{found[0]} end 0\n" * count
        return sessions.Result(text, 0)


class Fine(checks_base.Check):
    """A check whose verdict the test sets."""

    ok = True

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        del lab, machine
        return ":"

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[checks_base.Seen]:
        del lab, machine, answer
        yield checks_base.Seen("all is fine", self.ok)


class Slow(Fine):
    slow = True


@pytest.fixture
def fine(monkeypatch: pytest.MonkeyPatch) -> Fine:
    """Put two checks in the place of the real ones; return the quick one."""
    quick = Fine()
    monkeypatch.setattr(checks, "every", lambda: {"fine": quick, "slow": Slow()})
    return quick


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> type[Session]:
    """Put sessions in the place of real ones; return their class, to say which are down."""

    class Own(Session):
        """Has counters of its own."""

    monkeypatch.setattr(sessions, "Session", Own)
    return Own


@pytest.fixture
def lab(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> context.Context:
    file = tmp_path / "lab.yml"
    file.write_text(LAB)
    opened = context.open_lab(file)

    def none(*_: object) -> tuple[load.Step, ...]:
        return ()

    monkeypatch.setattr(context.Context, "steps", none)
    quiet = rich.console.Console(file=io.StringIO())
    made = context.Context(opened.folder, opened.lab, opened.space, console.Progress(quiet))
    made.__dict__["provider"] = Provider(made.lab)  # where the cached property would put it
    return made


@pytest.fixture
def provider(lab: context.Context) -> base.Provider:
    return lab.provider
