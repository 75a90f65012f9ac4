"""What people and programs see: help, output, errors, exit codes, settings of the environment."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any, cast

import pytest

import labkit as package
from labkit import console, errors, tasks
from labkit.lifecycle import context, destroy, doctor, halt, up
from labkit.lifecycle import verify as verifying
from labkit.providers import base as providers
from labkit.report import model as reports
from labkit.tasks import base, develop

if TYPE_CHECKING:
    from collections.abc import Callable

_TASKS = (
    "apply", "copy", "destroy", "doctor", "drift", "evidence", "exec", "explain", "forward", "gc",
    "graph", "halt", "init", "logs", "plan", "render", "reset", "snapshot", "ssh", "ssh-config",
    "start", "status", "support", "up", "validate", "verify",
)  # fmt: skip
_MACHINES = ["ansible-01", "k8s-master-01", "k8s-minion-01", "k8s-minion-02"]
_REMOVED = destroy.Removed(("ansible-01", "k8s-master-01"), folder=True)
_REPORT = reports.Report("demo", (reports.Result("m", "names", "x", ok=True),), 0.5)


def _always(value: object) -> Callable[..., Any]:
    """Return a function that gives a value whatever it is asked."""

    def give(*_: object) -> object:
        return value

    return give


def _tasks(collection: Any) -> dict[str, Any]:  # noqa: ANN401 - Invoke's types are half public
    return cast("dict[str, Any]", dict(collection.tasks))


def test_every_task_is_there() -> None:
    assert sorted(_tasks(tasks.lab())) == sorted(_TASKS)
    assert sorted(_tasks(tasks.image())) == ["bake", "build", "list"]


@pytest.mark.parametrize("collection", [tasks.lab, tasks.image], ids=["lab", "image"])
def test_every_task_and_option_has_help(collection: Callable[[], Any]) -> None:
    for name, task in _tasks(collection()).items():
        assert task.__doc__.strip().endswith("."), name
        assert len(task.__doc__.splitlines()[0]) <= 90
        for argument in task.get_arguments():
            assert argument.help, f"{name} --{argument.name}"


@pytest.mark.parametrize("task", [develop.check, develop.test])
def test_the_tasks_of_development_have_help(task: Any) -> None:  # noqa: ANN401
    assert task.__doc__.strip().endswith(".")
    assert all(argument.help for argument in task.get_arguments())


def test_version() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "labkit", "--version"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=pathlib.Path(__file__).parents[2],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"labkit {package.__version__}\n", "")


def test_the_list_of_tasks(labkit: Callable[..., Any]) -> None:
    done = labkit("--list")
    assert done.code == 0
    for name in _TASKS:
        assert f"  {name} " in done.out
    assert "  image.build " in done.out


def test_an_unknown_task(labkit: Callable[..., Any]) -> None:
    done = labkit("upp")
    assert done.code != 0
    assert "upp" in done.err


# What was asked for, and what went wrong.


def test_no_lab_file(
    labkit: Callable[..., Any], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = labkit("plan")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: there is no lab file at lab.yml\n"
        "hint: name an existing file, or make a new lab folder with 'labkit init DIR'\n"
    )


def test_a_wrong_lab_file(labkit: Callable[..., Any], here: pathlib.Path) -> None:
    (here / "lab.yml").write_text(
        "lab: x\nprovider: [qemu]\nmachines:\n  m: {nat: 10.0.2.20, hostonly: 192.168.56.20}\n"
    )
    done = labkit("validate")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: lab.yml:2:1: 'provider' must be text, not a list\n"
        "    hint: write one value after the ':'\n"
    )


@pytest.mark.parametrize("task", [("up", "--only"), ("verify", "--only"), ("halt", "--only"),
                                  ("ssh",), ("exec", "true", "--only")])  # fmt: skip
@pytest.mark.usefixtures("here")
def test_an_unknown_machine(labkit: Callable[..., Any], task: tuple[str, ...], name: str) -> None:
    done = labkit(*task, "k8s-minion-1")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: lab '{name}' has no machine 'k8s-minion-1'\nhint: did you mean 'k8s-minion-01'?\n"
    )


@pytest.mark.usefixtures("here")
def test_debugging_shows_the_traceback(
    labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_DEBUG", "1")
    with pytest.raises(errors.LabError, match="no provider"):
        labkit("plan", "--provider", "bochs")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.LabError("x"), 2),
        (errors.LockedError("x"), 3),
        (errors.UnreachableError("x"), 4),
        (errors.LeftoverError("x"), 5),
        (errors.ConvergeError("x"), 1),
    ],
)
def test_exit_codes(labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch,
                    here: pathlib.Path, error: errors.LabError, code: int) -> None:  # fmt: skip
    assert here.is_dir()

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(halt, "halt", fail)
    done = labkit("halt")
    assert (done.code, done.out, done.err) == (code, "", "error: x\n")


@pytest.mark.usefixtures("here")
def test_an_interrupt(labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(halt, "halt", interrupt)
    done = labkit("halt")
    assert (done.code, done.out) == (130, "")
    assert done.err == "interrupted; 'labkit up' continues, 'labkit destroy' removes\n"


def test_what_an_error_repeats_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    base.complain(errors.LabError("a\x1b[2J [red]b[/]\nc :smile:", hint="[/]\x07"))
    assert capsys.readouterr().err == ("error: a\\x1b[2J [red]b[/]\nc :smile:\nhint: [/]\\x07\n")


# Output for programs.


@pytest.mark.usefixtures("here")
def test_plan_as_json(labkit: Callable[..., Any], name: str) -> None:
    done = labkit("plan", "--format", "json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert (document["version"], document["name"]) == (1, name)


@pytest.mark.usefixtures("here")
def test_status(labkit: Callable[..., Any], name: str) -> None:
    done = labkit("status", "--format", "json")
    assert (done.code, done.err) == (1, "")
    assert json.loads(done.out) == {"lab": name, "machines": dict.fromkeys(_MACHINES, "absent")}
    table = labkit("status")
    assert table.code == 1
    assert [line.split("│")[2].strip() for line in table.out.splitlines() if "127" in line] == [
        "absent"
    ] * 4


@pytest.mark.usefixtures("here")
def test_doctor(labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    bad = providers.Finding("port [1]", ok=False, detail="in use\x1b", hint="end it")
    good = providers.Finding("disk", ok=True, detail="much")
    monkeypatch.setattr(doctor, "doctor", _always([bad, good]))
    done = labkit("doctor", "--format", "json")
    assert (done.code, done.err) == (1, "")
    assert json.loads(done.out)[0] == {
        "name": "port [1]", "ok": False, "verdict": "failed", "detail": "in use\x1b",
        "hint": "end it",
    }  # fmt: skip
    assert labkit("doctor").out == (
        "failed port [1]: in use\\x1b\n       hint: end it\nok     disk: much\n"
    )
    doubts = [
        providers.Finding("x", ok=True, detail="so", hint="or so", doubt=providers.Verdict.CHOICE),
        providers.Finding("y", ok=True, detail="?", doubt=providers.Verdict.UNKNOWN),
    ]
    monkeypatch.setattr(doctor, "doctor", _always([good, *doubts]))
    done = labkit("doctor")
    assert done.code == 0
    assert done.out == ("ok     disk: much\nchoice x: so\n       hint: or so\nunknown y: ?\n")


@pytest.mark.usefixtures("here")
def test_doctor_mends_what_it_can(
    labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    mended: list[str] = []

    def refuse() -> None:
        raise errors.LabError("only root may")

    def look(_: object) -> list[providers.Finding]:
        there = bool(mended)
        return [
            providers.Finding("box", ok=there, detail="", fix=lambda: mended.append("box")),
            providers.Finding("driver", ok=False, detail="not loaded", fix=refuse),
            providers.Finding("disk", ok=True, detail="much", fix=pytest.fail),
        ]

    monkeypatch.setattr(doctor, "doctor", look)
    assert labkit("doctor").code == 1
    assert mended == []
    done = labkit("doctor", "--fix")
    assert done.code == 1
    assert mended == ["box"]
    assert "box: mending it" in done.err
    assert "driver: only root may" in done.err
    assert done.out.startswith("ok     box: \nfailed driver: not loaded\n")


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 1)])
@pytest.mark.usefixtures("here")
def test_verify_as_json(
    labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, ok: bool, code: int
) -> None:
    def verify(
        lab: context.Context, _: object, *, reboot: bool, fix: bool, draft: object
    ) -> reports.Report:
        assert draft
        assert not reboot
        assert not fix
        lab.progress.tell("m", "verifying")
        return reports.Report("demo", (reports.Result("m", "names", "x", ok=ok),), 0.5)

    monkeypatch.setattr(verifying, "verify", verify)
    done = labkit("verify", "--format", "json")
    assert done.code == code
    assert json.loads(done.out)["ok"] is ok
    assert done.err.endswith(" s m: verifying\n")
    table = labkit("verify")
    assert table.code == code
    assert "1 looked at in 0.5 s: " in table.out


@pytest.mark.usefixtures("here")
def test_up_as_json(labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(lab: context.Context, only: Any) -> up.Result:  # noqa: ANN401
        lab.progress.say("booting")
        return up.Result(_REPORT, (), len(only), ())

    monkeypatch.setattr(up, "up", bring)
    done = labkit("up", "--format", "json", "--only", "ansible-01", "--only", "k8s-minion-02")
    assert done.code == 0
    assert (json.loads(done.out)["ok"], json.loads(done.out)["changes"]) == (True, 2)
    assert done.err.endswith(" s booting\n")
    assert "changes inside the machines: 4\n" in labkit("up").out


@pytest.mark.usefixtures("here")
def test_a_machine_that_failed_decides_the_exit_code(
    labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = up.Failure("ansible-01", errors.UnreachableError("silent"), "Kernel panic")
    monkeypatch.setattr(up, "up", _always(up.Result(_REPORT, (failure,), 0, ())))
    done = labkit("up")
    assert done.code == 4
    assert "failed ansible-01: silent\n  the end of its console:\n  | Kernel panic\n" in done.out


# Settings of the environment.


@pytest.mark.usefixtures("here")
def test_lab_format(labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_FORMAT", "json")
    assert json.loads(labkit("plan").out)["version"] == 1
    assert labkit("plan", "--format", "table").out.startswith("lab ")


@pytest.mark.usefixtures("here")
def test_an_unknown_format(labkit: Callable[..., Any]) -> None:
    done = labkit("plan", "--format", "xml")
    assert (done.code, done.out) == (2, "")
    assert done.err == ("error: there is no format 'xml'\nhint: formats are table and json\n")


@pytest.mark.usefixtures("here")
def test_lab_only(labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[list[str]] = []

    def stop(_: object, only: Any) -> None:  # noqa: ANN401
        chosen.append([machine.name for machine in only])

    monkeypatch.setattr(halt, "halt", stop)
    labkit("halt")
    monkeypatch.setenv("LAB_ONLY", "ansible-01, k8s-minion-02,")
    labkit("halt")
    labkit("halt", "--only", "k8s-minion-01")
    assert chosen == [_MACHINES, ["ansible-01", "k8s-minion-02"], ["k8s-minion-01"]]


def test_lab_file(
    labkit: Callable[..., Any], here: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    other = here / "other"
    other.mkdir()
    text = (here / "lab.yml").read_text()
    (other / "lab.yml").write_text(text.replace(f"lab: {name}", "lab: other"))
    monkeypatch.setenv("LAB_FILE", "other/lab.yml")
    assert labkit("validate").out == "lab 'other' is valid: 4 machines\n"
    assert labkit("validate", "--file", "lab.yml").out == f"lab '{name}' is valid: 4 machines\n"


@pytest.mark.usefixtures("here")
def test_lab_provider(labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_PROVIDER", "libvirt")
    assert json.loads(labkit("plan", "--format", "json").out)["provider"] == "libvirt"
    done = labkit("plan", "--format", "json", "--provider", "virtualbox")
    assert json.loads(done.out)["provider"] == "virtualbox"
    monkeypatch.setenv("LAB_PROVIDER", "virtualbx")
    assert labkit("plan").err == (
        "error: there is no provider 'virtualbx'\nhint: did you mean 'virtualbox'?\n"
    )


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[str]:
    """Sit at a terminal, and answer every question as the test says."""
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return request.param

    monkeypatch.setattr(console, "has_terminal", _always(True))
    monkeypatch.setattr(console, "ask", ask)
    monkeypatch.setattr(destroy, "destroy", _always(_REMOVED))
    return asked


@pytest.mark.parametrize("questions", [True], indirect=True)
@pytest.mark.usefixtures("here")
def test_destroy_asks(labkit: Callable[..., Any], questions: list[str], name: str) -> None:
    done = labkit("destroy")
    assert (done.code, done.out) == (0, f"lab '{name}' is gone: ansible-01, k8s-master-01\n")
    assert questions == [f"remove lab '{name}' with all of its machines and disks?"]


@pytest.mark.parametrize("questions", [False], indirect=True)
@pytest.mark.parametrize("setting", ["", "0", "no"])
@pytest.mark.usefixtures("here")
def test_destroy_takes_no_for_an_answer(
    labkit: Callable[..., Any],
    questions: list[str],
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
) -> None:
    monkeypatch.setenv("LAB_YES", setting)
    done = labkit("destroy")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: nothing was removed\nhint: answer y, or give --yes\n"
    assert len(questions) == 1


@pytest.mark.parametrize("questions", [False], indirect=True)
@pytest.mark.parametrize("way", ["LAB_YES", "--yes"])
@pytest.mark.usefixtures("here")
def test_who_says_yes_beforehand_is_not_asked(
    labkit: Callable[..., Any],
    questions: list[str],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    if way == "LAB_YES":
        monkeypatch.setenv("LAB_YES", "1")
    done = labkit("destroy", *(["--yes"] if way == "--yes" else []))
    assert done.code == 0
    assert questions == []


# Tasks that do all of their work here.


def test_destroy_of_nothing(labkit: Callable[..., Any], here: pathlib.Path, name: str) -> None:
    done = labkit("destroy", "--yes")
    assert (done.code, done.out, done.err) == (0, f"there is nothing of lab '{name}'\n", "")
    assert [path.name for path in here.iterdir()] == ["lab.yml"]


def test_init(
    labkit: Callable[..., Any], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = labkit("init", "course-1")
    assert (done.code, done.out, done.err) == (
        0, "made course-1\nnext: cd course-1 && labkit up\n", "",
    )  # fmt: skip
    monkeypatch.chdir(tmp_path / "course-1")
    assert labkit("validate").out == "lab 'course-1' is valid: 4 machines\n"


def test_init_of_what_is_there(
    labkit: Callable[..., Any], here: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here.parent)
    done = labkit("init", here.name)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: {here.name} is there already and not empty\n"
        "hint: name a folder that does not exist\n"
    )


def test_render(labkit: Callable[..., Any], here: pathlib.Path, name: str) -> None:
    done = labkit("render", "--provider", "virtualbox")
    path = here / ".lab" / name / "Vagrantfile"
    assert (done.code, done.out, done.err) == (0, f"{path}\n", "")
    assert "k8s-minion-02" in path.read_text()


@pytest.mark.usefixtures("here")
def test_ssh_to_a_lab_that_is_not_up(labkit: Callable[..., Any], name: str) -> None:
    done = labkit("ssh", "ansible-01")
    assert (done.code, done.err) == (
        2,
        f"error: lab '{name}' is not up\nhint: run 'labkit up' first\n",
    )


def test_ssh(
    labkit: Callable[..., Any], here: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    ran: list[list[str]] = []

    def call(words: list[str]) -> int:
        ran.append(words)
        return 7

    config = here / ".lab" / name / "ssh_config"
    config.parent.mkdir(parents=True)
    config.touch()
    monkeypatch.setattr("labkit.system.require", _always(None))
    monkeypatch.setattr(subprocess, "call", call)
    assert labkit("ssh", "ansible-01").code == 7
    labkit("ssh", "ansible-01", "--", "uptime", "-p")
    assert ran == [
        ["ssh", "-F", str(config), "ansible-01"],
        ["ssh", "-F", str(config), "ansible-01", "--", "uptime", "-p"],
    ]


def test_a_lab_that_is_in_use(labkit: Callable[..., Any], here: pathlib.Path, name: str) -> None:
    space = context.open_lab(here / "lab.yml").space
    with space.lock("lab.up"):
        done = labkit("halt")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"error: lab '{name}' is in use: 'labkit up' of process ")


def _asked(*words: str) -> list[str]:
    found = (tasks.lab(words), tasks.classroom(words), tasks.image(words))
    return sorted(f"{each.name}.{name}" for each in found for name in _tasks(each))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("status",), ["lab.status"]),
        (("lab.status", "--format", "json"), ["lab.status"]),
        (("exec", "--", "true"), ["lab.exec"]),
        (("ssh-config",), ["lab.ssh-config"]),
        (("lab.up", "lab.verify"), ["lab.up", "lab.verify"]),
        (("class.exec", "date"), ["class.exec"]),
        (("image.list",), ["image.list"]),
    ],
    ids=" ".join,
)
def test_only_what_the_words_name_is_imported(words: tuple[str, ...], names: list[str]) -> None:
    assert _asked(*words) == names


@pytest.mark.parametrize("words", [(), ("--list",), ("-e", "status"), ("nonsense",), ("class.no",)])
def test_words_that_begin_otherwise_bring_every_task(words: tuple[str, ...]) -> None:
    assert _asked(*words) == _asked()


def test_every_task_can_be_asked_for_alone() -> None:
    for name in _asked():
        assert _asked(name) == [name]


@pytest.mark.parametrize("provider", ["qemu", "virtualbox", "libvirt"])
def test_the_status_imports_nothing_that_reaches_into_machines(provider: str) -> None:
    code = (
        "import sys, labkit.providers.{0}\n"
        "from labkit import tasks\n"
        "tasks.lab(['status'])\n"
        "print(*sorted({{'paramiko', 'fabric'}} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code.format(provider)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"
