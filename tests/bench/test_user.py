from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from bench import user
from labkit import child, errors

if TYPE_CHECKING:
    import pathlib

# It says that it runs, and what an interrupt did to it.
SLEEPER = """
import pathlib, time
pathlib.Path("runs").touch()
try:
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.5)  # longer than subprocess.run would wait
    pathlib.Path("cleaned").touch()
"""


def test_what_a_program_prints_and_how_it_ends(tmp_path: pathlib.Path) -> None:
    said = "import sys; print('out'); print('complaint', file=sys.stderr); sys.exit(3)"
    ended = user.run(tmp_path, sys.executable, "-c", said)
    assert (ended.status, sorted(ended.out.split())) == (3, ["complaint", "out"])
    assert 0 < ended.seconds < 60


def test_labkit_that_ends_otherwise_is_an_error(tmp_path: pathlib.Path) -> None:
    assert user.labkit(tmp_path, "status", good=(2,)).status == 2
    with pytest.raises(errors.LabError) as caught:
        user.labkit(tmp_path, "status")
    assert caught.value.message == "labkit status ended with 2"


def _interrupt(folder: pathlib.Path) -> None:
    while not (folder / "runs").exists():
        time.sleep(0.02)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _sleepers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if SLEEPER in each.cmdline()]


def test_an_interrupt_is_passed_on_and_the_end_is_waited_for(tmp_path: pathlib.Path) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=_interrupt, args=(tmp_path,), daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            user.run(tmp_path, sys.executable, "-c", SLEEPER)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (tmp_path / "cleaned").exists()
    assert not _sleepers()


def test_what_takes_too_long_is_interrupted(tmp_path: pathlib.Path) -> None:
    with pytest.raises(child.DeadlineError):
        user.run(tmp_path, sys.executable, "-c", SLEEPER, timeout=1.0)
    assert not _sleepers()
