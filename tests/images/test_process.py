"""Running the programs that build an image: real children, real signals."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from labkit import errors
from labkit.images import process


def wait_for(path: pathlib.Path, seconds: float = 5) -> str:
    deadline = time.monotonic() + seconds
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.01)
    return path.read_text().strip()


def gone(pid: int, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_the_log_has_the_command_and_its_output(tmp_path: pathlib.Path) -> None:
    run = process.Logged(tmp_path / "log" / "x.log")
    run(["sh", "-c", "cat; echo wrong >&2"], stdin=b"given\n")
    assert run.log.read_text() == "$ sh -c 'cat; echo wrong >&2'\ngiven\nwrong\n"


def test_stdout_may_go_to_a_file_and_stderr_stays_in_the_log(tmp_path: pathlib.Path) -> None:
    run = process.Logged(tmp_path / "x.log")
    run(["sh", "-c", "echo out; echo err >&2"], stdout=tmp_path / "out")
    assert (tmp_path / "out").read_text() == "out\n"
    assert run.log.read_text().endswith("\nerr\n")


def test_a_failure_shows_the_last_lines_and_the_log(tmp_path: pathlib.Path) -> None:
    run = process.Logged(tmp_path / "x.log")
    with pytest.raises(errors.LabError) as caught:
        run(["sh", "-c", "seq 1 20; exit 7"])
    shown = "\n".join(f"    {number}" for number in range(9, 21))
    assert caught.value.message == f"sh failed with 7; its last lines:\n{shown}"
    assert caught.value.hint == f"the whole log: {tmp_path / 'x.log'}"


def test_a_signal_is_named(tmp_path: pathlib.Path) -> None:
    run = process.Logged(tmp_path / "x.log")
    with pytest.raises(errors.LabError, match=r"^sh was ended by SIGKILL; its last lines:"):
        run(["sh", "-c", "kill -KILL $$"])


def test_a_program_that_is_not_there(tmp_path: pathlib.Path) -> None:
    run = process.Logged(tmp_path / "x.log")
    with pytest.raises(errors.LabError, match=r"^lab-no-such-program failed with 127; "):
        run(["lab-no-such-program"])


def test_a_namespace_is_not_what_failed(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    argv = process.as_root(["tar", "-x"])
    assert argv == ["unshare", "--map-auto", "--map-root-user", "--", "tar", "-x"]
    failure = process.Logged(tmp_path / "x.log").failure(argv, 2)
    assert failure.message.startswith("tar failed with 2")


def test_root_needs_no_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert process.as_root(["tar", "-x"]) == ["tar", "-x"]


def test_an_interruption_ends_the_child_and_its_children(tmp_path: pathlib.Path) -> None:
    run = process.Logged(tmp_path / "x.log")
    ready = tmp_path / "pid"
    main = threading.main_thread().ident
    assert main is not None
    interrupt = threading.Thread(
        target=lambda: (wait_for(ready), signal.pthread_kill(main, signal.SIGINT))
    )
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", 'sleep 60 & echo $! > "$0"; wait', str(ready)])
    interrupt.join()
    assert gone(int(ready.read_text()))


def test_the_kernel_ends_the_child_of_a_killed_build(tmp_path: pathlib.Path) -> None:
    ready = tmp_path / "pid"
    code = (
        "import pathlib, sys\n"
        "from labkit.images import process\n"
        "run = process.Logged(pathlib.Path(sys.argv[1]))\n"
        "run(['sh', '-c', 'echo $$ > \"$0\"; exec sleep 60', sys.argv[2]])\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "x.log"), str(ready)],
        cwd=pathlib.Path(process.__file__).parents[2],
    )
    try:
        child = int(wait_for(ready))
    finally:
        parent.kill()
        parent.wait()
    assert gone(child)
