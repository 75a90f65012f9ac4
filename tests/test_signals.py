"""The first signal ends a run; a second one does not break the clean-up."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

from labkit import signals

_ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def _send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)  # for the interpreter to notice


@pytest.mark.parametrize("number", _ALL)
def test_the_first_one_counts(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    cleaned: list[str] = []
    with pytest.raises(KeyboardInterrupt), signals.once():  # noqa: PT012 - the clean-up is what is tried
        try:
            _send(number)
        finally:
            for other in _ALL:
                _send(other)
            cleaned.append("all of it")
    assert cleaned == ["all of it"]
    assert signal.getsignal(number) is before


def test_a_second_run_begins_anew() -> None:
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), signals.once():
            _send(signal.SIGINT)


def test_none_breaks_in_between_an_act_and_its_note() -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), signals.once(), signals.held():  # noqa: PT012 - the clean-up is what is tried
        with signals.held():
            _send(signal.SIGINT)
            steps.append("act")
        steps.append("note")
    assert steps == ["act", "note"]


def test_an_error_goes_before_a_signal_that_was_held() -> None:
    with pytest.raises(ValueError, match="wrong"), signals.once(), signals.held():  # noqa: PT012 - the clean-up is what is tried
        _send(signal.SIGINT)
        raise ValueError("wrong")


def test_a_thread_that_was_stopped_begins_nothing_more() -> None:
    gate, found = threading.Event(), list[object]()

    def work() -> None:
        signals.check()
        with signals.held():
            gate.wait(10)
        try:
            signals.check()
        except signals.Stopped as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    signals.stop([thread])
    gate.set()
    thread.join()
    assert len(found) == 1
    signals.check()


def _child(code: str, *before: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, sys.executable, "-c", f"from labkit import signals\n{code}"],
        cwd=pathlib.Path(signals.__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", _ALL)
def test_before_a_task_has_begun_a_signal_ends_all_at_once(number: signal.Signals) -> None:
    child = _child("import time\nsignals.early()\nprint('ready', flush=True)\ntime.sleep(60)")
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    child.send_signal(number)
    assert child.communicate(timeout=10) == ("", "")
    assert child.returncode == 130


def test_what_nohup_ignores_stays_ignored() -> None:
    code = (
        "import os, signal\nsignals.early()\n"
        "with signals.once():\n os.kill(os.getpid(), signal.SIGHUP)\nprint('lives')"
    )
    child = _child(code, "sh", "-c", 'trap "" HUP; exec "$@"', "sh")
    assert child.communicate(timeout=10) == ("lives\n", "")
