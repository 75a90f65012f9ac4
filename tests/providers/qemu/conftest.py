"""One machine of the default lab, an image that is only names, processes that look like QEMU."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from labkit.images import store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from labkit.plan import model


@pytest.fixture
def machine(default_lab: model.Lab) -> model.Machine:
    return default_lab.machine("ansible-01")


@pytest.fixture
def pretend() -> Generator[Callable[..., subprocess.Popen[bytes]]]:
    """Return what starts a process with some words on its command line, which only waits.

    Linux shows a command line only some time after execve(2) has let the parent go on, on a busy
    host more often than not: what is started here has said that it runs.
    """
    started: list[subprocess.Popen[bytes]] = []
    code = (
        "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(flush=True); sys.stdin.read()"
    )

    def pretend(*words: str, program: str = sys.executable) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [program, "-c", code, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == b"\n"
        return process

    yield pretend
    for each in started:
        each.kill()
        each.communicate(timeout=10)


@pytest.fixture
def image() -> Callable[..., store.Image]:
    """Return what makes an image, with a kernel beside it or with a loader of its own."""

    def make(*, loader: bool = False) -> store.Image:
        cache = pathlib.Path("/cache")
        return store.Image(
            name="debian-12",
            digest="d" * 64,
            disk=cache / "disk.qcow2",
            kernel=None if loader else cache / "vmlinuz",
            initrd=None if loader else cache / "initrd",
            kernel_args="" if loader else "root=LABEL=root ro",
            user="labkit",
            seed="nocloud" if loader else "fw_cfg",
            size=1,
        )

    return make
