"""A machine becomes what its steps say: a real shell answers, operations work on small files."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import dataclasses
import os
import pathlib
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import errors, shell
from labkit.converge import engine, look
from labkit.operations import base as operations
from labkit.profiles import load
from labkit.providers import base as providers
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class LocalSession(sessions.Session):
    """A machine whose shell is one on this host: what is sent is really run."""

    def __init__(self, folder: pathlib.Path) -> None:
        nowhere = folder / "none"
        super().__init__(providers.Endpoint("web-01", "127.0.0.1", 22, "root", nowhere, nowhere))
        self.folder = folder
        self.opened = 0
        self.scripts: list[str] = []
        self.fail: list[Exception] = []
        """What the next scripts meet instead of a shell."""
        self.then: Callable[[], None] = lambda: None
        """Called when a script has ended; what it raises is met instead of an answer."""
        self.replace: dict[str, str] = {}
        """Paths of a machine, and where they are here."""
        self.programs = ""
        """Shell functions in the place of programs that a test host does not have."""

    def open(self, timeout: float = 60.0, *, banner: float | None = None) -> None:
        del timeout, banner
        self.opened += 1

    def _exec(
        self, command: str, stdin: str, timeout: float, on_output: Callable[[bytes], None]
    ) -> sessions.Result:
        del on_output
        assert command == "sh -s"
        self.scripts.append(stdin)
        for there, here in self.replace.items():
            stdin = stdin.replace(there, here)
        stdin = f"{self.programs}\n{stdin}"
        if self.opened and self.fail:
            raise self.fail.pop(0)
        with subprocess.Popen(
            ["sh", "-s"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(stdin.encode(), timeout)
            except subprocess.TimeoutExpired as error:
                os.killpg(process.pid, signal.SIGKILL)
                said = (error.stdout or b"").decode()
                raise sessions.DeadlineError("too late", output=said) from None
        self.then()
        return sessions.Result(output.decode(errors="replace"), process.returncode)


class Line(operations.Operation[str]):
    """A file with one line; nothing can be said of it while its folder is not there."""

    path: str
    text: str = ""
    command: str = ""
    """Instead of writing the line."""
    look: str = ""
    """Before looking."""

    def manual(self, family: object) -> tuple[str, ...]:
        del family
        return ()

    def probe(self) -> str:
        folder = pathlib.PurePath(self.path).parent
        return shell.line(
            f"{self.look}\n[ -d {{}} ] || exec echo elsewhere; cat {{}} 2>/dev/null",
            folder,
            self.path,
        )

    def read(self, output: str) -> str:
        if "rubbish" in output:
            raise operations.FactError("this is rubbish")
        return output.strip()

    def diff(self, state: str) -> tuple[operations.Change, ...]:
        if state in {self.text, "elsewhere"}:
            return ()
        command = self.command or shell.line("echo {} > {}", self.text, self.path)
        return (operations.Change(self.path, state, self.text, (command,)),)


class Folder(operations.Operation[str]):
    """A folder."""

    path: str

    def manual(self, family: object) -> tuple[str, ...]:
        del family
        return ()

    def probe(self) -> str:
        return shell.line("[ -d {} ] && echo there", self.path)

    def read(self, output: str) -> str:
        return output.strip()

    def diff(self, state: str) -> tuple[operations.Change, ...]:
        command = shell.argv("mkdir", self.path)
        return () if state else (operations.Change(self.path, "", "a folder", (command,)),)


class Kernel(operations.Operation[str]):
    """A setting that is written now and holds after the next boot."""

    def manual(self, family: object) -> tuple[str, ...]:
        del family
        return ()

    def probe(self) -> str:
        return "cat wanted running 2>/dev/null"

    def read(self, output: str) -> str:
        return " ".join(output.split())

    def diff(self, state: str) -> tuple[operations.Change, ...]:
        if state == "new new":
            return ()
        commands = () if state.startswith("new") else ("echo new > wanted",)
        return (operations.Change("kernel", state, "new new", commands, reboot=True),)


def _steps(*each: operations.AnyOperation) -> tuple[load.Step, ...]:
    return tuple(
        load.Step(type(one).__name__.lower(), one, f"reason {n}", f"provision/x.yml:{n}")
        for n, one in enumerate(each, 1)
    )


@pytest.fixture
def session(tmp_path: pathlib.Path) -> LocalSession:
    return LocalSession(tmp_path)


def _converge(session: LocalSession, steps: Sequence[load.Step]) -> engine.Outcome:
    outcome = engine.Machine(session, steps).converge()
    assert outcome.round_trips == len(session.scripts)
    return outcome


def _refused(session: LocalSession, *each: operations.AnyOperation) -> tuple[str, str]:
    with pytest.raises(errors.ConvergeError) as caught:
        engine.Machine(session, _steps(*each)).converge()
    return caught.value.message, caught.value.hint


def test_nothing_to_do_costs_one_round_trip(session: LocalSession) -> None:
    (session.folder / "a").write_text("one\n")
    (session.folder / "b").write_text("two\n")
    outcome = _converge(session, _steps(Line(path="a", text="one"), Line(path="b", text="two")))
    assert (outcome.changes, outcome.round_trips, outcome.rebooted) == ([], 1, False)


def test_changes_cost_two(session: LocalSession) -> None:
    steps = _steps(Line(path="a", text="one"), Line(path="b", text="it's; $(two)"))
    told: list[str] = []
    outcome = engine.Machine(session, steps, told.append).converge()
    assert [each.step.origin for each in outcome.changes] == [
        "provision/x.yml:1",
        "provision/x.yml:2",
    ]
    assert outcome.round_trips == len(session.scripts) == 2
    assert (session.folder / "b").read_text() == "it's; $(two)\n"
    assert told == ["changing a, b"]
    assert _converge(LocalSession(session.folder), steps).round_trips == 1


def test_look_changes_nothing(session: LocalSession) -> None:
    (difference,) = engine.Machine(session, _steps(Line(path="a", text="one"))).look()
    assert [change.after for change in difference.changes] == ["one"]
    assert list(session.folder.iterdir()) == []


def test_changes_run_in_the_order_of_the_steps(session: LocalSession) -> None:
    log = "echo {0} >> log; echo {0} > {0}"
    names = ("c", "a", "b")
    steps = _steps(*(Line(path=n, text=n, command=log.format(n)) for n in names))
    _converge(session, steps)
    assert (session.folder / "log").read_text() == "c\na\nb\n"


def test_what_a_change_makes_possible_follows_in_the_next_round(session: LocalSession) -> None:
    steps = _steps(Line(path="new/file", text="one"), Folder(path="new"))
    outcome = _converge(session, steps)
    assert [each.step.kind for each in outcome.changes] == ["folder", "line"]
    assert outcome.round_trips == 3
    assert (session.folder / "new" / "file").read_text() == "one\n"


def test_a_change_that_does_not_hold(session: LocalSession) -> None:
    assert _refused(session, Line(path="a", text="one", command="echo two > a")) == (
        "web-01: changes did not hold: a: wanted 'one', there is 'two'",
        "does something else on the machine set the same thing?",
    )
    assert len(session.scripts) == 4


def test_a_command_that_fails(session: LocalSession) -> None:
    failing = Line(path="a", text="one", command="echo disk full >&2; exit 28")
    assert _refused(session, failing, Line(path="b", text="two")) == (
        "web-01: changing a failed with status 28: disk full",
        "that is provision/x.yml:1: reason 1",
    )
    # What comes after a failure may depend on it.
    assert not (session.folder / "b").exists()


def test_a_command_that_fails_silently(session: LocalSession) -> None:
    assert _refused(session, Line(path="a", text="one", command="false")) == (
        "web-01: changing a failed with status 1: (nothing)",
        "that is provision/x.yml:1: reason 1",
    )


def test_the_later_commands_of_a_change_need_the_earlier_ones() -> None:
    change = operations.Change("x", "", "y", ("false", "touch never"))
    seen = look.Look(_steps(Folder(path="x"))[0], (change,))
    assert seen.commands == "{ false; } &&\n{ touch never; }"


def test_a_print_that_cannot_be_read(session: LocalSession) -> None:
    (session.folder / "a").write_text("rubbish")
    assert _refused(session, Folder(path="."), Line(path="a")) == (
        "web-01, line: this is rubbish",
        "that is provision/x.yml:2: reason 2",
    )


def test_a_machine_without_a_shell(session: LocalSession, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = sessions.Result("sudo: a password is required\n", 1)

    def refuse(*_: object) -> sessions.Result:
        return refusal

    monkeypatch.setattr(session, "_exec", refuse)
    assert _refused(session, Folder(path="a"), Folder(path="b")) == (
        "web-01 answered 0 of 2 probes: sudo: a password is required",
        "can its user run 'sudo -n sh'? look at the log",
    )


@pytest.mark.parametrize("phase", ["look", "apply"])
def test_the_deadline_names_the_operation(
    session: LocalSession, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    monkeypatch.setattr(engine, "_PROBE_TIMEOUT" if phase == "look" else "_APPLY_TIMEOUT", 1.5)
    slow = {"look": "sleep 90"} if phase == "look" else {"command": "sleep 90"}
    steps = _steps(Folder(path="a"), Line(path="b", text="one", **slow), Folder(path="c"))
    with pytest.raises(errors.UnreachableError) as caught:
        engine.Machine(session, steps).converge()
    assert (caught.value.message, caught.value.hint) == (
        "web-01 did not finish 'line' within 2 s",
        "that is provision/x.yml:2: reason 2",
    )
    assert (session.folder / "a").exists() == (phase == "apply")


class _Booting(LocalSession):
    """Reboots when asked to: after that it is away for one try, and then has another boot_id."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__(folder)
        (folder / "boot_id").write_text("first\n")
        self.away = 1
        self.works = True

    def _exec(
        self, command: str, stdin: str, timeout: float, on_output: Callable[[bytes], None]
    ) -> sessions.Result:
        stdin = stdin.replace("/proc/sys/kernel/random/boot_id", "boot_id")
        if "systemctl reboot" in stdin:
            self.scripts.append(stdin)
            if self.works:
                (self.folder / "running").write_text("new\n")
            return sessions.Result("", 0)
        if self.opened and self.away:
            # Still the old system, on its way down: it answers, but not to what was asked.
            self.away -= 1
            return sessions.Result("System is going down.\n", 1)
        if self.opened and self.works:
            (self.folder / "boot_id").write_text("second\n")
        return super()._exec(command, stdin, timeout, on_output)


@pytest.fixture
def booting(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> _Booting:
    def skip(_seconds: float) -> None:
        """Wait for nothing: the machine of these tests reboots at once."""

    monkeypatch.setattr(engine.time, "sleep", skip)
    return _Booting(tmp_path)


def test_a_change_that_needs_it_reboots_once(booting: _Booting) -> None:
    told: list[str] = []
    steps = _steps(Kernel(), Line(path="a", text="one"))
    outcome = engine.Machine(booting, steps, told.append).converge()
    assert outcome.rebooted
    assert booting.opened == 2
    assert told == ["changing kernel, a", "rebooting"]
    assert sum("systemctl reboot" in each for each in booting.scripts) == 1


def test_a_connection_that_breaks_on_the_way_down_is_waited_for(booting: _Booting) -> None:
    booting.away = 0
    booting.fail = [errors.UnreachableError("the connection to web-01 broke: closed")]
    assert engine.Machine(booting, _steps(Kernel())).converge().rebooted
    assert booting.opened == 2


def test_a_machine_that_does_not_come_back(
    booting: _Booting, monkeypatch: pytest.MonkeyPatch
) -> None:
    booting.works = False
    monkeypatch.setattr(engine, "_REBOOT_TIMEOUT", 0.2)
    with pytest.raises(errors.UnreachableError) as caught:
        engine.Machine(booting, _steps(Kernel())).converge()
    assert (caught.value.message, caught.value.hint) == (
        "web-01 did not come back from a reboot within 0 s",
        "its console shows how far it came",
    )


def test_a_change_that_a_reboot_does_not_bring(booting: _Booting) -> None:
    class Stubborn(Kernel):
        def probe(self) -> str:
            return "cat wanted 2>/dev/null; echo old"

    assert _refused(booting, Stubborn())[0] == (
        "web-01: changes did not hold: kernel: wanted 'new new', there is 'new old'"
    )


class Brings(Folder):
    """A folder that comes with a file in it, as a package brings its configuration."""

    side_effects = True

    def diff(self, state: str) -> tuple[operations.Change, ...]:
        command = shell.line("mkdir {}; echo default > {}", self.path, f"{self.path}/file")
        return () if state else (operations.Change(self.path, "", "a folder", (command,)),)


def test_behind_side_effects_all_is_looked_at_again(session: LocalSession) -> None:
    steps = _steps(Brings(path="new"), Line(path="new/file", text="one"), Line(path="b", text="x"))
    outcome = _converge(session, steps)
    assert [each.changes[0].before for each in outcome.changes] == ["", "default", ""]
    assert outcome.round_trips == 3


def test_what_cannot_be_told_yet_is_looked_at_again(session: LocalSession) -> None:
    late = Line(path="b", text="one", look="[ -d a ] || exec echo rubbish")
    outcome = _converge(session, _steps(Folder(path="a"), late))
    assert [each.step.kind for each in outcome.changes] == ["folder", "line"]
    assert outcome.round_trips == 3


def test_what_can_never_be_told_comes_after_what_was_before_it(session: LocalSession) -> None:
    broken = Line(path="b", text="one", look="exec echo rubbish")
    steps = (Folder(path="a"), broken, Folder(path="c"))
    assert _refused(session, *steps)[0] == "web-01, line: this is rubbish"
    assert [path.name for path in session.folder.iterdir()] == ["a"]


class Adds(operations.Operation[str]):
    """A line among others in one file; its change writes the whole file as it was seen."""

    text: str

    def manual(self, family: object) -> tuple[str, ...]:
        del family
        return ()

    def probe(self) -> str:
        return "cat file 2>/dev/null"

    def read(self, output: str) -> str:
        return output

    def diff(self, state: str) -> tuple[operations.Change, ...]:
        if self.text in state.split():
            return ()
        command = shell.line("printf %s {} > file", f"{state}{self.text}\n")
        return (operations.Change("file", state, self.text, (command,)),)


def test_many_changes_of_one_file_lose_none(session: LocalSession) -> None:
    words = [f"word-{n}" for n in range(6)]
    outcome = _converge(session, _steps(*(Adds(text=word) for word in words)))
    assert (session.folder / "file").read_text().split() == words
    assert outcome.round_trips == 7


def test_two_steps_that_undo_each_other_are_no_endless_circle(session: LocalSession) -> None:
    message, _ = _refused(session, Line(path="a", text="one"), Line(path="a", text="two"))
    assert message == "web-01: changes did not hold: a: wanted 'one', there is 'two'"
    assert len(session.scripts) == 7


# A connection that breaks.

_BROKEN = errors.UnreachableError("the connection to web-01 broke: closed")


@pytest.mark.parametrize("phase", ["look", "apply"])
def test_a_connection_that_breaks_is_made_once_more(session: LocalSession, phase: str) -> None:
    scripts = 1 if phase == "look" else 2

    def breaks() -> None:
        if len(session.scripts) == scripts:
            raise _BROKEN  # all of it was done, but nobody heard

    session.then = breaks
    told: list[str] = []
    outcome = engine.Machine(session, _steps(Line(path="a", text="one")), told.append).converge()
    assert (session.folder / "a").read_text() == "one\n"
    assert "the connection to web-01 broke: closed; connecting again" in told
    assert [each.step.kind for each in outcome.changes] == ["line"]


def test_a_connection_that_breaks_twice_is_an_error(session: LocalSession) -> None:
    def breaks() -> None:
        raise _BROKEN

    session.then = breaks
    with pytest.raises(errors.UnreachableError) as caught:
        engine.Machine(session, _steps(Line(path="a", text="one"))).converge()
    assert caught.value.message == "the connection to web-01 broke: closed"


# A change that may cut the connection.


class Card(Line):
    """The card over which the connection runs."""

    def diff(self, state: str) -> tuple[operations.Change, ...]:
        return tuple(dataclasses.replace(each, cuts=True) for each in super().diff(state))


# What busctl prints, and what NetworkManager keeps: one checkpoint, until it has gone back to it.
_NETWORK_MANAGER = """
busctl() {
    echo "$5 $6 $7 $8 $9" >> calls
    case $5 in
        CheckpointCreate) echo 'o "/org/freedesktop/NetworkManager/Checkpoint/1"' ;;
        CheckpointDestroy) [ ! -e gone ] || { echo 'no such checkpoint' >&2; return 1; } ;;
    esac
}
"""
_CALLS = (
    "CheckpointCreate aouu 0 60 7\n"
    "CheckpointDestroy o /org/freedesktop/NetworkManager/Checkpoint/1  \n"
)


@pytest.fixture
def networked(session: LocalSession) -> LocalSession:
    kept = session.folder / "checkpoint"
    session.programs = _NETWORK_MANAGER
    session.replace = {"/run/labkit-checkpoint": str(kept)}
    return session


def test_a_change_that_may_cut_is_confirmed_over_the_new_way(networked: LocalSession) -> None:
    steps = _steps(
        Line(path="a", text="x"), Card(path="card", text="new"), Line(path="b", text="y")
    )
    outcome = engine.Machine(networked, steps).converge()
    assert [each.step.kind for each in outcome.changes] == ["line", "card", "line"]
    assert (networked.folder / "calls").read_text() == _CALLS
    assert networked.opened == 1
    assert outcome.round_trips == len(networked.scripts) == 5


def test_a_change_that_cuts_for_good_is_taken_back(networked: LocalSession) -> None:
    def cut() -> None:
        if (networked.folder / "card").exists() and not (networked.folder / "gone").exists():
            (networked.folder / "gone").touch()
            (networked.folder / "card").unlink()
            raise _BROKEN

    networked.then = cut
    told: list[str] = []
    with pytest.raises(errors.ConvergeError) as caught:
        engine.Machine(networked, _steps(Card(path="card", text="new")), told.append).converge()
    assert (caught.value.message, caught.value.hint) == (
        "web-01: changing card cut the connection, so NetworkManager took it back after 60 s",
        "can the machine be reached with it? that is provision/x.yml:1: reason 1",
    )
    assert told == [
        "changing card",
        "the connection broke; NetworkManager takes the change back unless confirmed",
    ]


def test_a_change_that_cut_but_holds_is_confirmed(networked: LocalSession) -> None:
    def cut() -> None:
        if len(networked.scripts) == 2:
            raise _BROKEN

    networked.then = cut
    outcome = engine.Machine(networked, _steps(Card(path="card", text="new"))).converge()
    assert [each.step.kind for each in outcome.changes] == ["card"]
    assert (networked.folder / "calls").read_text() == _CALLS


def test_a_machine_without_network_manager_keeps_its_card(session: LocalSession) -> None:
    session.programs = "busctl() { echo 'busctl: not found'; return 127; }"
    session.replace = {"/run/labkit-checkpoint": str(session.folder / "checkpoint")}
    assert _refused(session, Card(path="card", text="new"))[0] == (
        "web-01: changing card failed with status 127: (nothing)"
    )
    assert not (session.folder / "card").exists()
