"""The command line, run in this process, in a lab folder of the test's own."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import secrets
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from labkit import __main__
from labkit.plan import derive

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_ROOT = pathlib.Path(__file__).parents[2]
_MACHINES = ("ansible-01", "k8s-master-01", "k8s-minion-01", "k8s-minion-02")


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """How a run ended."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Keep the settings and signal handlers of whoever runs the tests out, and as they were."""
    for name in os.environ:
        if name.startswith("LAB_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "300")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def name() -> str:
    """Return the name of a lab that does not exist; a real one may run on this host.

    One in some thousand names gives two machines of the default lab the same port.
    """
    while True:
        name = f"t{secrets.token_hex(8)}"
        if len({derive.ssh_port(name, machine) for machine in _MACHINES}) == len(_MACHINES):
            return name


@pytest.fixture
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str) -> pathlib.Path:
    """Work in a folder with the default lab under another name."""
    text = (_ROOT / "lab.yml").read_text(encoding="utf-8")
    (tmp_path / "lab.yml").write_text(text.replace("lab: k8s-manual", f"lab: {name}"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def labkit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Generator[Callable[..., Done]]:
    """Return what runs `labkit WORDS...`; a program has its signals to itself, and tests do not."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if sys.platform != "win32":
        handlers[signal.SIGHUP] = signal.getsignal(signal.SIGHUP)

    def run(*words: str) -> Done:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["labkit", *words])
        code = 0
        try:
            __main__.main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)
