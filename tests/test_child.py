"""Programs that labkit starts: real ones, ended with all that they started."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import psutil
import pytest

from labkit import child, errors, parallel, signals

_STUBBORN = 'trap "" INT TERM; echo $$ > "$0"; while :; do sleep 0.05; done'


def _wait(path: pathlib.Path) -> int:
    deadline = time.monotonic() + 10
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.01)
    return int(path.read_text())


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _interrupt_when(ready: pathlib.Path) -> threading.Thread:
    main = threading.main_thread().ident
    assert main
    number = int(main)

    def interrupt() -> None:
        _wait(ready)
        signal.pthread_kill(number, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    return thread


@pytest.fixture
def graces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "GRACES", tuple((name, 0.3) for name, _ in child.GRACES))


def test_what_a_program_prints_and_how_it_ends() -> None:
    done = child.run(["sh", "-c", "cat; echo wrong >&2; exit 7"], stdin=b"given")
    assert (done.returncode, done.stdout, done.stderr) == (7, "given", "wrong\n")


def test_its_folder_and_environment(tmp_path: pathlib.Path) -> None:
    done = child.run(["sh", "-c", "pwd; echo $MORE"], cwd=tmp_path, env={"MORE": "more"})
    assert done.stdout == f"{tmp_path}\nmore\n"


def test_nobody_is_asked_anything() -> None:
    assert child.run(["sh", "-c", "read -r line || echo end"]).stdout == "end\n"


def test_what_is_no_text() -> None:
    assert child.run(["printf", r"\377"]).stdout == "�"


def test_one_that_does_not_end(tmp_path: pathlib.Path, graces: None) -> None:
    del graces
    ready = tmp_path / "pid"
    with pytest.raises(errors.LabError) as caught:
        child.run(["sh", "-c", _STUBBORN, str(ready)], timeout=1)
    assert caught.value.message == "sh did not end within 1 s and was ended"
    assert caught.value.hint == "look at the load of this host; the full command is in the log"
    assert _gone(_wait(ready))


def test_one_that_cannot_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # without setpriv too
    with pytest.raises(errors.LabError) as caught:
        child.run(["no-such-program"])
    assert caught.value.message == "no-such-program cannot be run: No such file or directory"
    assert caught.value.hint == "'lab.doctor' says what is missing"


def test_ctrl_c_lets_a_program_clean_up(tmp_path: pathlib.Path) -> None:
    ready, cleaned = tmp_path / "pid", tmp_path / "cleaned"
    script = 'trap "echo yes > $1; exit" INT; echo $$ > "$0"; while :; do sleep 0.05; done'
    thread = _interrupt_when(ready)
    with pytest.raises(KeyboardInterrupt), signals.once():
        child.run(["sh", "-c", script, str(ready), str(cleaned)])
    thread.join()
    assert cleaned.read_text() == "yes\n"
    assert _gone(_wait(ready))


def test_one_that_heeds_nothing_is_killed(tmp_path: pathlib.Path, graces: None) -> None:
    del graces
    ready = tmp_path / "pid"
    thread = _interrupt_when(ready)
    with pytest.raises(KeyboardInterrupt), signals.once():
        child.run(["sh", "-c", _STUBBORN, str(ready)])
    thread.join()
    assert _gone(_wait(ready))


def test_ctrl_c_while_a_program_is_being_started(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []

    class Late(subprocess.Popen[bytes]):
        def __init__(self, argv: list[str], **options: Any) -> None:  # noqa: ANN401 - handed on
            super().__init__(argv, **options)
            begun.append(self)
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", Late)
        with pytest.raises(KeyboardInterrupt), signals.once():
            child.run(["sleep", "60"])
    assert begun[0].returncode is not None


def test_a_grandchild_in_a_session_of_its_own_ends_too(
    tmp_path: pathlib.Path, graces: None
) -> None:
    del graces
    ready = tmp_path / "pid"
    thread = _interrupt_when(ready)
    with pytest.raises(KeyboardInterrupt), signals.once():
        child.run(["sh", "-c", f"setsid sh -c '{_STUBBORN}' \"$0\"; :", str(ready)])
    thread.join()
    assert _gone(_wait(ready))


def test_ctrl_c_ends_the_programs_of_threads(tmp_path: pathlib.Path) -> None:
    ready = tmp_path / "pid"
    begun: list[str] = []

    def work(name: str) -> None:
        begun.append(name)
        child.run(["sh", "-c", 'echo $$ > "$0"; exec sleep 60', str(ready)])
        child.run(["touch", str(tmp_path / "never")])

    thread = _interrupt_when(ready)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), signals.once():
        parallel.each({"a": "a", "b": "b"}, work, at_once=1)
    thread.join()
    assert time.monotonic() - start < 50
    assert _gone(_wait(ready))
    assert begun == ["a"]
    assert not (tmp_path / "never").exists()


def test_the_kernel_ends_the_program_of_a_killed_run(tmp_path: pathlib.Path) -> None:
    ready = tmp_path / "pid"
    code = (
        "import sys\nfrom labkit import child\n"
        "child.run(['sh', '-c', 'echo $$ > \"$0\"; exec sleep 60', sys.argv[1]])\n"
    )
    root = pathlib.Path(child.__file__).parents[1]
    parent = subprocess.Popen([sys.executable, "-c", code, str(ready)], cwd=root)
    try:
        pid = _wait(ready)
    finally:
        parent.kill()
        parent.wait()
    assert _gone(pid)


def test_children_heed_ctrl_c_although_labkit_is_ending() -> None:
    """A handler is not inherited, and an ignored signal would be (exec(3))."""
    with pytest.raises(KeyboardInterrupt), signals.once():  # noqa: PT012 - the clean-up is what is tried
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        finally:
            done = child.run(["sh", "-c", "kill -INT $$; echo heeds nothing"])
            assert (done.returncode, done.stdout) == (-signal.SIGINT, "")
