"""Real machines: a lab folder made by `labkit init`, and labkit run as its users run it."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REPOSITORY = pathlib.Path(__file__).parents[2]
MINUTES = 60.0


@dataclasses.dataclass(frozen=True, repr=False)
class Run:
    """How one run of labkit ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    def __repr__(self) -> str:
        """Return what a failed test shows: of a report, only what is not well."""
        return f"exit {self.code}\n{self._bad() or self.out}\n{self.err}"

    def _bad(self) -> str:
        try:
            document = json.loads(self.out)
            report = document.get("report") or document
            bad = [result for result in report["results"] if not result["ok"]]
        except (ValueError, LookupError, AttributeError, TypeError):
            return ""
        rest = {
            key: document[key] for key in ("failures", "skipped", "incomplete") if document.get(key)
        }
        return json.dumps({"not ok": bad, **rest}, indent=2)


@dataclasses.dataclass(frozen=True)
class Folder:
    """A lab folder and the commands in it."""

    path: pathlib.Path
    before: tuple[str, ...] = ()
    """What every command begins with, for labs that are in a namespace."""

    @property
    def name(self) -> str:
        return str(self.plan["name"])

    @property
    def plan(self) -> Any:
        return self("plan", "--format", "json").document

    @property
    def ssh_config(self) -> pathlib.Path:
        return self.path / ".lab" / self.name / "ssh_config"

    def __call__(self, *words: str, timeout: float = 10 * MINUTES, **environment: str) -> Run:
        done = subprocess.run(
            [*self.before, sys.executable, "-m", "labkit", *words],
            cwd=self.path,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def begin(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start labkit and leave it running."""
        return subprocess.Popen(
            [*self.before, sys.executable, "-m", "labkit", *words],
            cwd=self.path,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on(self, machine: str, command: str) -> str:
        """Run a command by plain ssh: what labkit says is not believed here."""
        return over_ssh(self.ssh_config, machine, command, before=self.before)

    def as_root(self, machine: str, script: str) -> str:
        """Type a script into a root shell by plain ssh."""
        return over_ssh(self.ssh_config, machine, "sudo sh -s", before=self.before, typed=script)

    def each(self, machines: Iterable[str], *commands: str) -> dict[str, list[str]]:
        """Run commands in one login each of some machines at once; return what each one printed."""
        line = " && echo && echo ==== && ".join(commands)
        names = list(machines)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            said = list(pool.map(functools.partial(self.on, command=line), names))
        return {
            name: [part.strip() for part in text.split("====")]
            for name, text in zip(names, said, strict=True)
        }

    def edit(self, pattern: str, replacement: str) -> None:
        file = self.path / "lab.yml"
        text, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
        assert count, f"{pattern} is not in lab.yml"
        file.write_text(text)

    def processes(self) -> dict[str, int]:
        """The QEMU process of each machine, found without labkit."""
        uuids = {machine["uuid"]: machine["name"] for machine in self.plan["machines"]}
        found: dict[str, int] = {}
        for process in psutil.process_iter(["cmdline"]):
            for word in process.info["cmdline"] or ():
                if word in uuids:
                    found[uuids[word]] = process.pid
        return found


def over_ssh(
    config: pathlib.Path,
    machine: str,
    command: str,
    *,
    before: Sequence[str] = (),
    typed: str = "",
) -> str:
    """Run a command by plain ssh and an ssh_config of labkit's; `before` leads into namespaces."""
    done = subprocess.run(
        [*before, "ssh", "-F", str(config), "-o", "BatchMode=yes", machine, command],
        input=typed,
        capture_output=True,
        text=True,
        timeout=4 * MINUTES,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.strip()


def runs(pid: int) -> bool:
    """A process that has ended keeps its number until its parent, often the host's init, asks."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def make_folder(path: pathlib.Path, before: tuple[str, ...] = ()) -> Folder:
    folder = Folder(path, before)
    done = subprocess.run(
        [sys.executable, "-m", "labkit", "init", str(path)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module", autouse=True)
def programs() -> None:
    for name in ("qemu-system-x86_64", "qemu-img", "ssh"):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed; './lab test' installs it")
