"""A run over a class: one failing student stops nobody, and the host is not filled."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from labkit import child, console, errors
from labkit.classroom import gate, load, queue
from labkit.secrets import env

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from labkit.classroom import plan

_NAMES = ("anna", "bertil", "chiyo", "daiki")
_LAB = "lab: x\nmachines: {a: {nat: 10.0.2.61, hostonly: 192.168.56.61}}\n"


@pytest.fixture
def room(tmp_path: pathlib.Path) -> plan.Classroom:
    (tmp_path / "lab.yml").write_text(_LAB)
    students = "".join(f"  {name}: {{}}\n" for name in _NAMES)
    (tmp_path / "class.yml").write_text(f"classroom: k8s\nstudents:\n{students}")
    return load.load(tmp_path / "class.yml")


@pytest.fixture
def progress() -> console.Progress:
    return console.Progress(noun="student")


@pytest.fixture
def labkit_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Put a function in the place of the labkit that works on a lab."""

    def put(program: Callable[[str, int], tuple[int, str]]) -> None:
        def run(words: list[str], *, cwd: pathlib.Path, env: dict[str, str], stderr: int) -> Any:  # noqa: ANN401
            assert words[1:4] == ["-m", "labkit", "up"]
            assert words[4:] == ["--file", str(cwd / "lab.yml")]
            assert env["LAB_ONLY"] == env["LAB_FILE"] == ""
            code, out = program(cwd.name, stderr)
            return subprocess.CompletedProcess(words, code, out, "")

        monkeypatch.setattr(child, "run", run)

    return put


def _task(room: plan.Classroom, need: gate.Need = gate.NOTHING) -> Callable[..., queue.Task]:
    def make(student: plan.Student) -> queue.Task:
        return queue.Task(room.folder / student.name / "lab.yml", ("up",), need)

    return make


def test_secrets_go_along(
    room: plan.Classroom,
    progress: console.Progress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What this run has taken out of its environment, each lab needs as well."""
    monkeypatch.setattr(env, "_TAKEN", {})
    monkeypatch.setenv("LAB_VSPHERE_PASSWORD", "hush")
    env.take(["LAB_VSPHERE_PASSWORD"])
    given: list[str] = []

    def run(words: list[str], *, env: dict[str, str], **_: object) -> Any:  # noqa: ANN401
        given.append(env["LAB_VSPHERE_PASSWORD"])
        return subprocess.CompletedProcess(words, 0, "{}", "")

    monkeypatch.setattr(child, "run", run)
    queue.Queue(room.folder, progress).run(room.students, _task(room), 2)
    assert given == ["hush"] * len(_NAMES)
    assert "LAB_VSPHERE_PASSWORD" not in os.environ


def test_one_that_fails_is_named_with_its_first_reason(
    room: plan.Classroom, progress: console.Progress, labkit_is: Callable[[Any], None]
) -> None:
    def program(name: str, stderr: int) -> tuple[int, str]:
        match name:
            case "anna":
                os.write(stderr, b"   0.1 s node: booting\nerror: the disk is full\nhint: x\n")
                return 2, ""
            case "bertil":
                return 4, json.dumps({"failures": [{"machine": "a", "message": "no answer"}]})
            case "chiyo":
                os.write(stderr, b"Traceback\nValueError: x\n")
                return 1, "no JSON"
            case _:
                return 0, json.dumps({"ok": True})

    labkit_is(program)
    found = queue.Queue(room.folder, progress).run(room.students, _task(room), 2)
    assert {name: (each.code, each.reason) for name, each in found.items()} == {
        "anna": (2, "the disk is full"),
        "bertil": (4, "a: no answer"),
        "chiyo": (1, "ValueError: x"),
        "daiki": (0, ""),
    }
    assert found["daiki"].document == {"ok": True}
    assert queue.worst(found) is errors.ExitCode.COULD_NOT_RUN


def test_no_more_than_wanted_at_the_same_time(
    room: plan.Classroom, progress: console.Progress, labkit_is: Callable[[Any], None]
) -> None:
    now, most, lock = [0], [0], threading.Lock()
    both = threading.Barrier(2, timeout=60)

    def program(name: str, stderr: int) -> tuple[int, str]:
        del name, stderr
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        both.wait()  # two are there at the same time, twice
        with lock:
            now[0] -= 1
        return 0, ""

    labkit_is(program)
    queue.Queue(room.folder, progress).run(room.students, _task(room), 2)
    assert most == [2]


def test_others_are_not_begun_when_one_failure_is_to_stop_them(
    room: plan.Classroom, progress: console.Progress, labkit_is: Callable[[Any], None]
) -> None:
    def program(name: str, stderr: int) -> tuple[int, str]:
        del name, stderr
        return 1, ""

    labkit_is(program)
    runner = queue.Queue(room.folder, progress, keep_going=False)
    found = runner.run(room.students, _task(room), 1)
    assert [each.reason for each in found.values()] == [
        "its task ended with status 1",
        *["not begun, since another one has failed"] * 3,
    ]


def test_a_host_that_runs_full_halfway(
    room: plan.Classroom,
    progress: console.Progress,
    labkit_is: Callable[[Any], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = [3112]

    def program(name: str, stderr: int) -> tuple[int, str]:
        del name, stderr
        left[0] -= 1000
        return 0, ""

    labkit_is(program)

    def look(_folder: object) -> gate.Room:
        return gate.Room(left[0], 99_999, 0.0)

    monkeypatch.setattr(queue, "_room", look)
    need = gate.Need(1000, 10)
    found = queue.Queue(room.folder, progress).run(room.students, _task(room, need), 1)
    full = "not begun: the host is full: it takes 1000 MiB of memory, and 88 MiB can be had"
    assert [(each.code, each.reason) for each in found.values()] == [
        (0, ""), (0, ""), (2, full), (2, full),
    ]  # fmt: skip


def test_who_waits_begins_when_there_is_room(
    room: plan.Classroom,
    progress: console.Progress,
    labkit_is: Callable[[Any], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "_POLL", 0.001)
    looks = [0]
    waited = threading.Event()

    def look(_folder: object) -> gate.Room:
        looks[0] += 1
        if looks[0] > 3:
            waited.set()
        return gate.Room(2112, 99_999, 0.0)  # for one of them

    def program(name: str, stderr: int) -> tuple[int, str]:
        del name, stderr
        assert waited.wait(60)
        return 0, ""

    labkit_is(program)
    monkeypatch.setattr(queue, "_room", look)
    need = gate.Need(1000, 10)
    found = queue.Queue(room.folder, progress).run(room.students, _task(room, need), 4)
    assert [each.code for each in found.values()] == [0, 0, 0, 0]
