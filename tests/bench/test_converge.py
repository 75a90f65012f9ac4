"""The benchmark for real, at its smallest; without the peers, which would have to be installed."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from bench import converge, enclosure
from labkit import errors, system

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def start() -> Callable[..., subprocess.Popen[str]]:
    """Return what starts the benchmark; skips where there can be no namespaces."""
    if not system.is_root():
        pytest.skip("namespaces of its own need root")
    if absent := system.missing(*enclosure.PROGRAMS):
        pytest.skip(f"not installed: {', '.join(absent)}")
    tried = subprocess.run(["unshare", "--mount", "--net", "--pid", "true"], check=False)
    if tried.returncode:
        pytest.skip("unshare(2) is forbidden here")

    def start(*words: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "bench.converge", "--near", "--rounds", "1", *words]
        return subprocess.Popen(
            argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    return start


def servers() -> list[str]:
    """The farm's sshds, which are seen from outside too."""
    found: list[str] = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if b"/run/sshd_config" in words:
            found.append(path.parent.name)
    return found


def state_of_host() -> tuple[str, ...]:
    files = ("/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc/sys/net/ipv4/ip_forward")
    texts = (pathlib.Path(file).read_text(encoding="utf-8") for file in files)
    zone = str(pathlib.Path("/etc/localtime").readlink())
    return (
        *texts,
        os.uname().nodename,
        *(path.name for path in pathlib.Path("/sys/class/net").iterdir()),
        zone,
    )


def test_two_machines_are_converged_and_judged(
    start: Callable[..., subprocess.Popen[str]], tmp_path: pathlib.Path
) -> None:
    before = state_of_host()
    process = start("--sizes", "2", "--tools", "OpenSSH", "--into", str(tmp_path))
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    page = (tmp_path / "converge.md").read_text(encoding="utf-8")
    assert "| nothing to change: execs a machine | 2 | 1 | at most 1 | yes |" in page
    assert "| 2 | labkit | 1 | " in page
    assert "| 2 | OpenSSH | 1 | " in page
    assert (tmp_path / "converge.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert state_of_host() == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_it_is_ended(
    start: Callable[..., subprocess.Popen[str]], tmp_path: pathlib.Path, number: signal.Signals
) -> None:
    others = set(servers())
    process = start("--sizes", "2", "--tools", "labkit", "--into", str(tmp_path))
    with process:
        assert process.stdout
        assert "2 machines run" in process.stdout.readline()
        own = set(servers()) - others
        assert own
        process.send_signal(number)
        process.wait(30)
    deadline = time.monotonic() + 10
    while own & set(servers()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert own & set(servers()) == set()
    assert list(tmp_path.iterdir()) == []


def test_it_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "is_root", lambda: False)
    with pytest.raises(errors.LabError) as caught:
        enclosure.enter("bench.converge", [])
    assert (caught.value.message, caught.value.hint) == (
        "machines in namespaces of their own need root",
        "run it as root, or with sudo",
    )


def test_labkit_is_always_measured() -> None:
    wanted = converge.options(["--tools", "pyinfra", "--sizes", "16,4"])
    assert wanted.tools == ("labkit", "pyinfra")
    assert wanted.sizes == (4, 16)
