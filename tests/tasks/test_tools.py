"""The tasks beside the life cycle: exec, copy, forward, logs, support, gc, ssh-config, destroy."""

from __future__ import annotations

import json
import pathlib
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from labkit import console, errors, log, workspace
from labkit.lifecycle import copy, doctor, execute, forward, gc, ssh_include, support
from labkit.providers.qemu import provider
from labkit.ssh import session

if TYPE_CHECKING:
    from collections.abc import Callable

    Labkit = Callable[..., Any]


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Keep what these tasks look at outside the lab's folder to the test's own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LAB_STATE", str(home / "state"))
    monkeypatch.setenv("LAB_CACHE", str(home / "cache"))
    return home


@pytest.fixture
def space(here: pathlib.Path, name: str) -> workspace.Workspace:
    """A lab that is up, as far as files tell."""
    made = workspace.Workspace(here, name)
    made.make()
    made.ssh_config.write_text("Host x\n")
    return made


def _logged(space: workspace.Workspace) -> str:
    return "\n".join(path.read_text() for path in log.logs(space.logs))


# exec


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What machines answer; their output is heard line by line."""
    found: dict[str, Any] = {
        "ansible-01": session.Result("up 1 day\n[red]\x1b[2J\n", 0),
        "k8s-master-01": session.Result("", 0),
    }

    def run(
        _: object,
        only: Any,  # noqa: ANN401
        command: str,
        *,
        timeout: float,
        heard: Callable[[str, str], None] | None = None,
    ) -> dict[str, Any]:
        asked.append(([machine.name for machine in only], command, timeout))
        for name, each in found.items():
            for line in getattr(each, "output", "").splitlines() if heard else ():
                assert heard
                heard(name, line)
        return found

    asked: list[tuple[list[str], str, float]] = []
    monkeypatch.setattr(execute, "execute", run)
    return {"found": found, "asked": asked}


def test_exec(labkit: Labkit, space: workspace.Workspace, results: dict[str, Any]) -> None:
    done = labkit("exec", "uptime; id", "--only", "ansible-01", "--timeout", "7")
    assert (done.code, done.err) == (0, "ok on 2\n")
    assert done.out == "ansible-01 up 1 day\nansible-01 [red]\\x1b[2J\n"
    assert results["asked"] == [(["ansible-01"], "uptime; id", 7)]
    begin = json.loads(_logged(space).splitlines()[0])
    assert (begin["task"], begin["options"]) == (
        "exec",
        {"command": "***", "only": ["ansible-01"], "timeout": 7},
    )
    assert "uptime" not in _logged(space)


@pytest.mark.usefixtures("space")
def test_exec_where_it_failed(labkit: Labkit, results: dict[str, Any]) -> None:
    results["found"]["k8s-master-01"] = session.Result("no\n", 3)
    done = labkit("exec", "false")
    assert (done.code, done.err) == (1, "ok on 1; failed on 1: k8s-master-01 (3)\n")
    assert done.out.endswith("k8s-master-01 no\n")
    results["found"]["ansible-01"] = errors.UnreachableError("it is down\x1b")
    done = labkit("exec", "false")
    assert (done.code, done.err) == (
        4,
        (
            "ansible-01: it is down\\x1b\n"
            "ok on 0; failed on 1: k8s-master-01 (3); no answer from 1: ansible-01\n"
        ),
    )
    done = labkit("exec", "false", "--format", "json")
    assert (done.code, done.err) == (4, "")
    assert json.loads(done.out) == {
        "ansible-01": {"error": "it is down\x1b"},
        "k8s-master-01": {"output": "no\n", "status": 3},
    }


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "words",
    [
        ("exec", "true"),
        ("copy", "lab.yml", "all:/tmp"),
        ("forward", "ansible-01", "8080:80"),
        ("ssh-config",),
    ],
)
def test_what_needs_a_lab_that_is_up(labkit: Labkit, name: str, words: tuple[str, ...]) -> None:
    done = labkit(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: lab '{name}' is not up\nhint: run 'labkit up' first\n"


# copy


@pytest.mark.usefixtures("space")
def test_copy(labkit: Labkit, monkeypatch: pytest.MonkeyPatch) -> None:
    def one(_: object, job: copy.Job, machine: Any) -> int:  # noqa: ANN401
        assert (job.local, job.remote) == ("lab.yml", "/srv/[x]")
        if machine.name == "k8s-minion-02":
            raise errors.UnreachableError("the connection to k8s-minion-02 broke: [x]")
        return 2 if machine.name == "ansible-01" else 0

    monkeypatch.setattr(copy, "copy", one)
    monkeypatch.setattr("labkit.system.require", lambda *_: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    done = labkit("copy", "lab.yml", "all:/srv/[x]")
    assert (done.code, done.err) == (4, "error: the connection to k8s-minion-02 broke: [x]\n")
    assert done.out == (
        "copied lab.yml to ansible-01:/srv/[x]; left out 2 links and devices\n"
        "copied lab.yml to k8s-master-01:/srv/[x]\n"
        "copied lab.yml to k8s-minion-01:/srv/[x]\n"
    )
    done = labkit("copy", "ansible-01:/srv/[x]", "lab.yml")
    assert done.out == ("copied ansible-01:/srv/[x] to lab.yml; left out 2 links and devices\n")


# forward


@pytest.mark.parametrize(
    ("text", "shown", "argument"),
    [
        ("8080:80", "127.0.0.1:8080", "[127.0.0.1]:8080:127.0.0.1:80"),
        ("0.0.0.0:1:65535", "0.0.0.0:1", "[0.0.0.0]:1:127.0.0.1:65535"),
        ("[::1]:8080:80", "::1:8080", "[::1]:8080:127.0.0.1:80"),
    ],
)
def test_ports(text: str, shown: str, argument: str) -> None:
    found = forward.parse(text)
    assert (str(found), found.argument) == (shown, argument)


@pytest.mark.parametrize(
    "text", ["", "80", "80:", ":80", "0:80", "80:65536", "a:80", "80:99999", "-L:1:2", "::1:8:8",
             "1:2:3:4", "²:1", "host:1:2"]
)  # fmt: skip
@pytest.mark.usefixtures("space")
def test_no_ports(labkit: Labkit, text: str) -> None:
    done = labkit("forward", "ansible-01", f"--ports={text}") if text else None
    if done is None:
        with pytest.raises(errors.LabError):
            forward.parse(text)
        return
    assert (done.code, done.err) == (
        2,
        (
            f"error: '{text}' is no pair of ports\n"
            "hint: write LOCAL:REMOTE, for example 8080:80, or ADDRESS:LOCAL:REMOTE\n"
        ),
    )


@pytest.mark.usefixtures("space")
def test_a_port_that_is_taken(labkit: Labkit) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = labkit("forward", "ansible-01", f"{port}:80")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: 127.0.0.1:{port} cannot be listened on: Address already in use\n"
        "hint: choose another port above 1023, or end what listens there\n"
    )


@pytest.mark.usefixtures("space")
def test_a_machine_that_does_not_answer(labkit: Labkit, space: workspace.Workspace) -> None:
    space.ssh_config.write_text("Host ansible-01\n    HostName 127.0.0.1\n    Port 1\n")
    done = labkit("forward", "ansible-01", "18080:80")
    assert (done.code, done.out) == (4, "")
    assert done.err == (
        "error: the connection to ansible-01 ended: "
        "ssh: connect to host 127.0.0.1 port 1: Connection refused\n"
        "hint: 'labkit status' shows whether the machine runs\n"
    )


@pytest.mark.usefixtures("space")
def test_ctrl_c_is_the_way_in_which_forwarding_ends(
    labkit: Labkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(config: object, machine: str, forwards: Any, ready: Callable[[], None]) -> None:  # noqa: ANN401
        assert (config, machine, len(forwards)) != ()
        ready()
        raise KeyboardInterrupt

    monkeypatch.setattr(forward, "forward", run)
    done = labkit("forward", "ansible-01", "8080:80, 8443:443")
    assert (done.code, done.err) == (0, "Ctrl-C ends it\n")
    assert done.out == (
        "127.0.0.1:8080 leads to ansible-01:80\n127.0.0.1:8443 leads to ansible-01:443\n"
    )


# ssh and ssh-config


def test_what_ssh_was_to_run_is_not_in_the_log(
    labkit: Labkit, monkeypatch: pytest.MonkeyPatch, space: workspace.Workspace
) -> None:
    monkeypatch.setattr(subprocess, "call", lambda _: 7)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    assert labkit("ssh", "ansible-01", "--", "echo", "geheim").code == 7
    lines = [json.loads(line) for line in _logged(space).splitlines()]
    assert [line["kind"] for line in lines] == ["begin", "command", "end"]
    assert (lines[1]["argv"][-1], lines[1]["status"], lines[2]["code"]) == ("ansible-01", 7, 7)
    assert "geheim" not in _logged(space)


def test_ssh_config(labkit: Labkit, space: workspace.Workspace, name: str) -> None:
    assert labkit("ssh-config").out == space.ssh_config.read_text()
    done = labkit("ssh-config", "--install")
    conf = ssh_include.folder() / f"{name}.conf"
    assert (done.code, done.out) == (
        0, f"wrote {conf}\nnow works: ssh {name}-ansible-01\n",
    )  # fmt: skip
    assert f"\nHost {name}-ansible-01\n" in conf.read_text()
    done = labkit("ssh-config", "--remove")
    assert done.out == f"removed {conf}\nremoved from {ssh_include.config()}\n"
    assert labkit("ssh-config", "--remove").out == f"lab '{name}' was not installed\n"


@pytest.mark.usefixtures("space")
def test_ssh_config_asks_once(labkit: Labkit, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return len(asked) > 1

    monkeypatch.setattr(console, "has_terminal", lambda: True)
    monkeypatch.setattr(console, "ask", ask)
    done = labkit("ssh-config", "--install")
    assert (done.code, done.err) == (
        2, "error: nothing was changed\nhint: answer y, or give --yes\n",
    )  # fmt: skip
    assert not ssh_include.config().exists()
    for _ in range(2):
        assert labkit("ssh-config", "--install").code == 0
    question = f"put the line '{ssh_include.line()}' at the top of {ssh_include.config()}?"
    assert asked == [question, question]


# logs


def test_logs(labkit: Labkit, space: workspace.Workspace, name: str) -> None:
    done = labkit("logs")
    assert (done.code, done.err) == (
        2, f"error: lab '{name}' has no logs\nhint: 'labkit up' writes the first one\n",
    )  # fmt: skip
    log.asked("up", {})
    log.begin(space.logs)
    log.told("web-01", "booting\x1b")
    with log.command(["qemu-img", "a b"]) as record:
        record.status = 1
    log.end(4, errors.LabError("no"))
    done = labkit("logs")
    assert done.err == f"{log.logs(space.logs)[0]}\n"
    shown = [line.split(" ", 1)[1] for line in done.out.splitlines()]
    assert shown == [
        "up, labkit 0.1.0",
        "web-01: booting\\x1b",
        "$ qemu-img 'a b' (0.0 s, status 1)",
        "ended with 4; no",
    ]
    assert labkit("logs", "--format", "json").out == log.logs(space.logs)[0].read_text()


@pytest.mark.usefixtures("space")
def test_the_console_of_a_machine(labkit: Labkit, monkeypatch: pytest.MonkeyPatch) -> None:
    def tail(_: object, machine: Any, lines: int) -> str:  # noqa: ANN401
        return f"{lines} lines of {machine.name}"

    monkeypatch.setattr(provider.Provider, "console_tail", tail)
    assert labkit("logs", "--machine", "ansible-01").out == "40 lines of ansible-01\n"
    assert labkit("logs", "--machine", "x").code == 2


# support


def test_support(
    labkit: Labkit, monkeypatch: pytest.MonkeyPatch, here: pathlib.Path, name: str
) -> None:
    def pack(file: pathlib.Path, to: pathlib.Path) -> support.Bundle:
        assert (file, to) == (pathlib.Path("lab.yml"), pathlib.Path("sub"))
        return support.Bundle(here / "x.tar.gz", ("README.txt", "lab.yml"), {"keys": 2})

    monkeypatch.setattr(support, "support", pack)
    done = labkit("support", "--to", "sub")
    assert done.out == (
        f"{here}/x.tar.gz\n  README.txt\n  lab.yml\nreplaced: keys 2\nread it before you send it\n"
    )
    assert name not in done.out
    monkeypatch.undo()
    monkeypatch.setattr(doctor, "doctor", lambda _: [])  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]


# gc


@pytest.fixture
def items(monkeypatch: pytest.MonkeyPatch) -> list[gc.Item]:
    found: list[gc.Item] = []
    monkeypatch.setattr(gc, "find", lambda *_: list(found))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    return found


@pytest.mark.usefixtures("here")
def test_gc(labkit: Labkit, items: list[gc.Item], monkeypatch: pytest.MonkeyPatch) -> None:
    done = labkit("gc")
    assert (done.code, done.out) == (0, "nothing is left over\n")
    items.append(gc.Item("lab 'a'", "in use"))
    assert labkit("gc").code == 0
    removed: list[str] = []
    items.append(gc.Item("process 1 [x]", "its folder is gone", lambda: removed.append("1")))
    monkeypatch.setenv("LAB_YES", "1")
    done = labkit("gc")
    assert (done.code, done.out) == (
        1,
        (
            "in use   lab 'a': in use\n"
            "left     process 1 [x]: its folder is gone\n"
            "1 thing left over; 'labkit gc --yes' removes them\n"
        ),
    )
    assert removed == []
    done = labkit("gc", "--yes", "--format", "json")
    assert (done.code, removed) == (0, ["1"])
    assert json.loads(done.out) == {
        "version": 1,
        "items": [
            {"state": "in use", "what": "lab 'a'", "why": "in use"},
            {"state": "removed", "what": "process 1 [x]", "why": "its folder is gone"},
        ],
    }


@pytest.mark.usefixtures("here")
def test_gc_of_what_stays(labkit: Labkit, items: list[gc.Item]) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied")

    items += [gc.Item("a", "x", refuse), gc.Item("b", "x", lambda: None)]
    done = labkit("gc", "--yes")
    assert (done.code, done.out) == (5, "stays    a: x\nremoved  b: x\n")
    assert done.err == (
        "error: not everything could be removed: a: [Errno 13] Permission denied\n"
        "hint: run 'labkit gc --yes' again, as the user who made it or as root\n"
    )


# destroy without the lab file


def test_a_broken_lab_file_says_how_to_destroy_without_it(
    labkit: Labkit, space: workspace.Workspace, here: pathlib.Path, name: str
) -> None:
    space.ledger.set("web-01", workspace.Mark.MADE)
    space.machine("web-01").mkdir(parents=True)
    (here / "lab.yml").write_text("lab: [\n")
    done = labkit("destroy", "--yes")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: lab.yml:")
    assert done.err.endswith(
        "error: so it is not known which lab to remove\n"
        f"hint: mend the file, or 'labkit destroy --lab {name}' removes that without it\n"
    )
    done = labkit("destroy", "--yes", "--lab", name)
    assert (done.code, done.out) == (0, f"lab '{name}' is gone: web-01\n")
    assert [path.name for path in here.iterdir()] == ["lab.yml"]


@pytest.mark.parametrize("lab", ["other", "../..", "", "."])
def test_a_lab_that_is_not_there(
    labkit: Labkit, space: workspace.Workspace, here: pathlib.Path, lab: str
) -> None:
    space.ledger.set("web-01", workspace.Mark.MADE)
    if not lab:
        (here / "lab.yml").unlink()
        assert labkit("destroy", "--yes").code == 2
        return
    done = labkit("destroy", "--yes", "--lab", lab)
    assert (done.code, done.out) == (2, "")
    assert done.err == (f"error: there is no lab '{lab}' in {here}\nhint: there are: {space.lab}\n")
    assert space.path.exists()


def test_a_lab_of_which_no_machine_was_made(
    labkit: Labkit, space: workspace.Workspace, name: str
) -> None:
    done = labkit("destroy", "--yes")
    assert (done.code, done.out) == (
        0,
        f"lab '{name}' is gone: its folder; no machine had been made\n",
    )
    assert not space.path.exists()
