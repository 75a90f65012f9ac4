"""Labs of tiny real machines, and runs of labkit with a fault in them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING

import psutil
import pytest

from labkit import system, workspace
from labkit.images import store
from labkit.lifecycle import context
from labkit.providers.qemu import segment
from tests.faults import guest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Record = Callable[[str, object], None]

REPOSITORY = pathlib.Path(__file__).parents[2]
DRIVER = pathlib.Path(__file__).with_name("driver.py")
RUN = "FAULT_RUN"
SWITCH = "the switch"
_CHANGING = re.compile(r"/logs/|\.bad-|^ballast$")
"""Files that say what happened and not how things are."""
_LAB = """\
lab: {name}
provider: qemu
defaults: {{image: debian-12, memory: 128 MiB, disk: 4 GiB}}
networks:
  nat: {{subnet: 10.0.2.0/24}}
  hostonly: {{subnet: 192.168.56.0/24}}
machines:
{machines}
providers:
  qemu: {{accel: tcg}}
"""
_BASE = """\
operations:
  - why: A file
    file: {path: /etc/motd, content: "hello from {{ machine.name }}"}
  - why: A folder
    directory: {path: /srv/data}
"""


@dataclasses.dataclass(frozen=True)
class Run:
    """How one run of labkit ended."""

    code: int
    out: str
    err: str
    seconds: float

    def __str__(self) -> str:
        return f"exit {self.code} after {self.seconds:.2f} s\n{self.out}\n{self.err}"


@dataclasses.dataclass(frozen=True)
class State:
    """All that must be the same after a fault as without one."""

    running: dict[str, int]
    """Processes of each machine, and of the switch."""
    files: frozenset[str]
    machines: dict[str, str]
    snapshots: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Lab:
    """A lab folder, and labkit run in it."""

    path: pathlib.Path
    cache: pathlib.Path
    before: tuple[str, ...] = ()
    """The command that the runs are run with."""
    token: str = dataclasses.field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def state_folder(self) -> pathlib.Path:
        """Where runs remember that there is such a lab; each lab has one of its own."""
        return self.path.parent / f"state of {self.path.name}"

    @property
    def space(self) -> workspace.Workspace:
        return workspace.Workspace(self.path, self.path.name)

    @property
    def uuids(self) -> dict[str, str]:
        """The machines, and the switch of their segment."""
        lab = context.open_lab(self.path / "lab.yml").lab
        switch = {str(segment.Segment(self.space).uuid): SWITCH}
        return {str(machine.uuid): machine.name for machine in lab.machines} | switch

    def begin(self, *words: str, **fault: object) -> subprocess.Popen[str]:
        """Start a task, and leave it running."""
        return subprocess.Popen(
            [*self.before, sys.executable, str(DRIVER), json.dumps(fault), *words],
            cwd=self.path,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "HOME": str(self.cache),
                "LAB_CACHE": str(self.cache),
                "LAB_STATE": str(self.state_folder),
                "FAULT_DISK": str(self.path / ".lab"),
                RUN: self.token,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str, **fault: object) -> Run:
        start = time.monotonic()
        child = self.begin(*words, **fault)
        return self.end(child, start)

    def end(self, child: subprocess.Popen[str], start: float, timeout: float = 90) -> Run:
        try:
            out, err = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            consoles = self.space.machine("").glob("*/console.log")
            tails = "\n".join(path.read_text(errors="replace")[-1500:] for path in consoles)
            said = f"did not end in {timeout:.0f} s:\n{out}\n{err}\n{tails}"
            raise AssertionError(said) from None
        return Run(child.returncode, out, err, time.monotonic() - start)

    def good(self, *words: str) -> Run:
        run = self(*words)
        assert run.code == 0, run
        assert "Traceback" not in run.err
        return run

    def processes(self) -> list[psutil.Process]:
        """Every process that a run has left, found by what it inherited."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(RUN) == self.token:
                    found.append(process)
        return found

    def orphans(self) -> list[str]:
        """What runs and is no machine that the ledger knows, nor the switch of such machines."""
        uuids, marks = self.uuids, set(self.space.ledger.machines())
        marks |= {SWITCH} if marks else set()
        found: list[str] = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                known = [uuids[word] for word in words if word in uuids]
                if not known or known[0] not in marks:
                    found.append(" ".join(words))
        return found

    def is_free(self) -> bool:
        """Whether the lock can be taken, and has been left clean."""
        with self.space.lock("lab.test"):
            return True

    def state(self) -> State:
        uuids = self.uuids
        running = dict.fromkeys(uuids.values(), 0)
        for process in self.processes():
            for word in process.cmdline():
                if word in uuids:
                    running[uuids[word]] += 1
        root = self.path / ".lab"
        files = {str(path.relative_to(root)) for path in root.rglob("*")}
        return State(
            running,
            frozenset(name for name in files if not _CHANGING.search(name)),
            {name: mark.value for name, mark in self.space.ledger.machines().items()},
            {
                re.sub(r"~\d+$", "~N", name): mark.value
                for name, mark in self.space.ledger.snapshots().items()
            },
        )

    def clear(self) -> None:
        """Remove everything, whatever has happened."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
                process.wait(10)
        shutil.rmtree(self.path / ".lab", ignore_errors=True)
        shutil.rmtree(self.state_folder, ignore_errors=True)  # else `up` enters no lab anew


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A cache of images that has the tiny one."""
    missing = system.missing(*guest.PROGRAMS)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    base = [image for image in store.list_images() if image.name == "debian-12" and image.kernel]
    if not base:
        pytest.skip("the cache has no debian-12 image, whose kernel the tiny guest boots")
    folder = tmp_path_factory.mktemp("cache")
    guest.make(folder, folder, base[0])
    return folder


def make(path: pathlib.Path, cache: pathlib.Path, machines: int) -> Lab:
    lines = (
        f"  m{number}: {{nat: 10.0.2.{50 + number}, hostonly: 192.168.56.{50 + number}}}"
        for number in range(1, machines + 1)
    )
    for folder in ("provision", "network"):
        (path / folder).mkdir(parents=True)
    (path / "images").mkdir()
    (path / "images" / "debian-12.yml").write_text(guest.RECIPE)
    (path / "lab.yml").write_text(_LAB.format(name=path.name, machines="\n".join(lines)))
    (path / "provision" / "base.yml").write_text(_BASE)
    for kind in ("nat", "hostonly"):
        (path / "network" / f"{kind}.yml").write_text("operations: []\n")
    return Lab(path, cache)


@pytest.fixture
def lab(tmp_path: pathlib.Path, cache: pathlib.Path) -> Iterator[Lab]:
    """A lab of one tiny machine."""
    made = make(tmp_path / f"one-{uuid.uuid4().hex[:8]}", cache, 1)
    yield made
    made.clear()


@pytest.fixture
def pair(tmp_path: pathlib.Path, cache: pathlib.Path) -> Iterator[Lab]:
    """A lab of two tiny machines."""
    made = make(tmp_path / f"two-{uuid.uuid4().hex[:8]}", cache, 2)
    yield made
    made.clear()
