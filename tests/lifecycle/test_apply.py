"""Look, apply, drift and verify over a reboot: each machine is a folder and a real shell in it."""

from __future__ import annotations

import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors, shell
from labkit.lifecycle import apply, context, look, snapshot, verify
from labkit.operations import base as operations
from labkit.profiles import load
from labkit.providers import base
from labkit.report import draft
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable
    from typing import TypeAlias

    # A class of conftest.py, which tests do not import.
    Double: TypeAlias = Any


class Shell(sessions.Session):
    """A machine's shell: it starts in the machine's folder, and `reboot` forgets what is live."""

    root: pathlib.Path

    def open(self, timeout: float = 60.0, *, banner: float | None = None) -> None:
        del timeout, banner

    def _exec(
        self, command: str, stdin: str, timeout: float, on_output: Callable[[bytes], None]
    ) -> sessions.Result:
        del command, on_output
        folder = self.root / self.endpoint.machine
        if "date -s" in stdin:  # the shell is real, and so is its host's clock
            return sessions.Result("", 0)
        if "systemctl reboot" in stdin:
            (folder / "live").write_bytes((folder / "file").read_bytes())
            (folder / "boot_id").write_text(f"{uuid.uuid4()}\n")
            return sessions.Result("", 0)
        text = stdin.replace("/proc/sys/kernel/random/boot_id", "boot_id")
        done = subprocess.run(
            ["sh", "-s"],
            input=text.encode(),
            capture_output=True,
            cwd=folder,
            timeout=timeout,
            check=False,
        )
        return sessions.Result(done.stdout.decode(), done.returncode)


class Both(operations.Operation[list[str]]):
    """A value in a file for the next boot, and one that is live."""

    value: str

    def manual(self, family: object) -> tuple[str, ...]:
        del family
        return ()

    def probe(self) -> str:
        return "cat file live"

    def read(self, output: str) -> list[str]:
        return output.split()

    def diff(self, state: list[str]) -> tuple[operations.Change, ...]:
        return tuple(
            operations.Change(
                name, now, self.value, (shell.line("echo {} > {}", self.value, name),)
            )
            for name, now in zip(("file", "live"), state, strict=True)
            if now != self.value
        )

    def settings(self, state: list[str]) -> tuple[operations.Setting, ...]:
        return (operations.Setting("value", self.value, *state),)


@pytest.fixture
def root(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, provider: Double) -> pathlib.Path:
    for name in ("ansible-01", "web-01"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "boot_id").write_text("first\n")
        for file in ("file", "live"):
            (tmp_path / name / file).write_text("one\n")
        provider.states[name] = base.State.RUNNING
    Shell.root = tmp_path
    monkeypatch.setattr(sessions, "Session", Shell)

    def skip(_seconds: float) -> None:
        """Wait for nothing: these machines reboot at once."""

    monkeypatch.setattr("labkit.converge.engine.time.sleep", skip)

    def steps(*_: object) -> tuple[load.Step, ...]:
        step = load.Step("both", Both(value="one"), "why", "provision/x.yml:1", ("x", "both"))
        return (step,)

    monkeypatch.setattr(context.Context, "steps", steps)
    return tmp_path


def test_look_finds_what_differs_and_changes_nothing(
    lab: context.Context, root: pathlib.Path
) -> None:
    (root / "web-01" / "live").write_text("two\n")
    found = look.look(lab, lab.lab.machines)
    seen = found["web-01"]
    assert not isinstance(seen, Exception)
    assert [(each.subject, each.before, each.after) for each in seen[0].changes] == [
        ("live", "two", "one")
    ]
    assert look.drifted(found)
    assert (root / "web-01" / "live").read_text() == "two\n"
    assert not look.drifted(look.look(lab, lab.choose(["ansible-01"])))


def test_apply_runs_what_look_planned(lab: context.Context, root: pathlib.Path) -> None:
    (root / "web-01" / "live").write_text("two\n")
    planned = look.look(lab, lab.lab.machines)["web-01"]
    done = apply.apply(lab, lab.lab.machines)["web-01"]
    assert not isinstance(planned, Exception)
    assert not isinstance(done, Exception)
    assert [each.commands for each in done.changes] == [each.commands for each in planned]
    assert (root / "web-01" / "live").read_text() == "one\n"
    assert not look.drifted(look.look(lab, lab.lab.machines))


def test_a_machine_that_is_off_is_said_at_once(
    lab: context.Context, root: pathlib.Path, provider: Double
) -> None:
    (root / "ansible-01" / "live").write_text("two\n")
    provider.states["web-01"] = base.State.STOPPED
    for found in (look.look(lab, lab.lab.machines), apply.apply(lab, lab.lab.machines)):
        error = found["web-01"]
        assert isinstance(error, errors.UnreachableError)
        assert (error.message, error.hint) == (
            "web-01 of lab 'memory' is stopped",
            "'lab.up --only web-01' brings it up",
        )
    assert (root / "ansible-01" / "live").read_text() == "one\n"


@pytest.mark.usefixtures("root")
def test_tags_choose_steps(lab: context.Context) -> None:
    found = look.look(lab, lab.lab.machines, ["both"])["web-01"]
    assert not isinstance(found, Exception)
    assert len(found) == 1
    with pytest.raises(errors.LabError) as caught:
        look.look(lab, lab.lab.machines, ["botth"])
    assert (caught.value.message, caught.value.hint) == (
        "no step of these machines has the tag 'botth'",
        "did you mean 'both'?",
    )


def test_a_reboot_shows_a_third_value(
    lab: context.Context, root: pathlib.Path, fine: Double
) -> None:
    assert fine.ok
    lab.space.make()
    (root / "web-01" / "file").write_text("two\n")
    report = verify.verify(lab, lab.lab.machines, reboot=True)
    (setting,) = [each for each in report.settings if each.machine == "web-01"]
    assert (setting.wanted, setting.file, setting.runtime, setting.after) == (
        "one", "two", "one", "two",
    )  # fmt: skip
    failed = [(each.machine, each.subject, each.when) for each in report.failures]
    assert failed == [
        ("web-01", "file", ""),
        ("web-01", "file", "after reboot"),
        ("web-01", "live", "after reboot"),
    ]
    whens = {each.when for each in report.results if each.machine == "ansible-01"}
    assert whens == {"", "after reboot"}
    assert set(snapshot.look(lab)) == {"before-reboot"}
    verify.verify(lab, lab.lab.machines, reboot=True)  # the next one takes its place
    assert set(snapshot.look(lab)) == {"before-reboot"}


def test_a_provider_that_cannot_save_hinders_no_reboot(
    lab: context.Context, root: pathlib.Path, fine: Double, provider: Double
) -> None:
    lab.space.make()
    assert root.is_dir()
    assert fine.ok
    provider.broken["save web-01"] = errors.ProviderError("there is no room")
    report = verify.verify(lab, lab.lab.machines, reboot=True)
    assert {each.when for each in report.results} == {"", "after reboot"}
    assert "before-reboot" not in snapshot.look(lab)


def test_a_machine_that_does_not_come_back_hides_no_other(
    lab: context.Context, root: pathlib.Path, monkeypatch: pytest.MonkeyPatch, fine: Double
) -> None:
    assert fine.ok
    assert root.is_dir()

    def reboot(machine: Any) -> None:  # noqa: ANN401 - the engine's class is not needed here
        if machine._name == "web-01":
            raise errors.UnreachableError("web-01 did not come back", hint="look at its console")

    monkeypatch.setattr("labkit.converge.engine.Machine.reboot", reboot)
    report = verify.verify(lab, lab.lab.machines, reboot=True)
    (failure,) = report.failures
    assert (failure.machine, failure.check, failure.actual, failure.repair, failure.when) == (
        "web-01", "answer", "web-01 did not come back", "look at its console", "after reboot",
    )  # fmt: skip
    after = [each for each in report.results if each.when]
    assert {each.machine for each in after} == {"ansible-01", "web-01"}


def test_fix_repairs_says_what_and_looks_again(
    lab: context.Context, root: pathlib.Path, fine: Double
) -> None:
    assert fine.ok
    (root / "web-01" / "live").write_text("two\n")
    found = draft.Draft()
    report = verify.verify(lab, lab.lab.machines, fix=True, draft=found)
    assert report.ok
    (repair,) = report.repairs
    assert (repair.machine, repair.check, repair.subject) == ("web-01", "both", "live")
    assert (repair.before, repair.after) == ("two", "one")
    assert (root / "web-01" / "live").read_text() == "one\n"
    assert found.seen.keys() == {("ansible-01", ""), ("web-01", "")}


def test_fix_changes_nothing_where_nothing_can_be_repaired(
    lab: context.Context, root: pathlib.Path, fine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert root.is_dir()
    fine.ok = False

    def converge(_: object) -> None:
        pytest.fail("nothing is to be changed")

    monkeypatch.setattr("labkit.converge.engine.Machine.converge", converge)
    report = verify.verify(lab, lab.lab.machines, fix=True)
    assert (len(report.failures), report.repairs) == (2, ())


def test_fix_says_what_could_not_be_repaired(
    lab: context.Context, root: pathlib.Path, fine: Double
) -> None:
    assert fine.ok
    (root / "web-01" / "live").unlink()
    (root / "web-01" / "live").symlink_to("/proc/sys/kernel/ostype")  # root cannot write it either
    (root / "ansible-01" / "live").write_text("two\n")
    report = verify.verify(lab, lab.lab.machines, fix=True)
    assert [each.machine for each in report.repairs] == ["ansible-01"]
    assert "can be repaired" in [each.subject for each in report.failures]
    assert {each.machine for each in report.failures} == {"web-01"}


def test_a_run_that_is_cut_short_keeps_what_was_seen(
    lab: context.Context, root: pathlib.Path, fine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fine.ok
    (root / "web-01" / "live").write_text("two\n")
    found = draft.Draft()

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("labkit.lifecycle.verify._reboot", cut)
    with pytest.raises(KeyboardInterrupt) as ended:
        verify.verify(lab, lab.lab.machines, reboot=True, draft=found)
    report = found.report("memory", ["ansible-01", "web-01"], ended.value)
    assert [each.subject for each in report.failures] == ["live"]
    assert (report.incomplete, report.ok) == ("interrupted", False)
