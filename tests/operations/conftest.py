"""A sandbox: a real shell as root, whose /etc, /root, /srv, host name and network are its own."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import shell
from labkit.converge import script
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from labkit.operations import base

_UNSHARE = ("unshare", "--mount", "--uts", "--net", "--propagation", "private")

# `cat` keeps the namespaces until its standard input is closed.
_PREPARE = """
set -e
mount -t tmpfs tmpfs /mnt
cp -a /etc /mnt/etc
mount --bind /mnt/etc /etc
for folder in /root /srv; do mount -t tmpfs -o mode=0755 tmpfs "$folder"; done
cd /
echo ready
exec cat
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Settled:
    """What happened to one operation: its changes, what their commands said, and a second look."""

    operation: base.AnyOperation
    changes: tuple[base.Change, ...]
    applied: script.Answer
    again: tuple[base.Change, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Sandbox:
    """Runs scripts as the engine does: many sections in one shell."""

    pid: int
    program: str = "sh"

    def shell(self, text: str) -> sessions.Result:
        """Run a text as the input of one shell."""
        enter = ("nsenter", "--target", str(self.pid), "--mount", "--uts", "--net", "--wd=/")
        done = subprocess.run(
            [*enter, self.program, "-s"],
            input=text.encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        said = (done.stdout + done.stderr).decode(errors="replace")
        return sessions.Result(said, done.returncode)

    def run(self, *sections: str) -> tuple[script.Answer, ...]:
        """Run sections, each one in a subshell of its own, and return their answers."""
        batch = script.batch(sections)
        said = self.shell(f"{{\n{batch.text}\n}} < /dev/null\n").output
        answers = batch.answers(said)
        assert len(answers) == len(sections), said
        return answers

    def must(self, *sections: str) -> tuple[str, ...]:
        """Run sections that must not fail, and return what they printed."""
        answers = self.run(*sections)
        assert [answer.output for answer in answers if answer.status] == []
        return tuple(answer.output for answer in answers)

    def settle(self, cases: Sequence[tuple[str, base.AnyOperation]]) -> list[Settled]:
        """Bring each operation from its starting state, which shell text makes, to what it wants.

        All is done in two shells: one looks at each starting state, the other one makes it anew,
        runs the commands that follow from it, and looks again.
        """
        looks = self.must(*(text for start, each in cases for text in (start, each.probe())))
        changes = [each.changes(look) for (_, each), look in zip(cases, looks[1::2], strict=True)]
        sections: list[str] = []
        for (start, operation), wanted in zip(cases, changes, strict=True):
            commands = (command for change in wanted for command in change.commands)
            joined = " &&\n".join(f"{{ {command}; }}" for command in commands) or ":"
            sections += [start, joined, operation.probe()]
        answers = self.run(*sections)
        return [
            Settled(operation, wanted, applied, operation.changes(seen.output))
            for (_, operation), wanted, applied, seen in zip(
                cases, changes, answers[1::3], answers[2::3], strict=True
            )
        ]


@contextlib.contextmanager
def _sandbox() -> Generator[Sandbox]:
    with subprocess.Popen(
        [*_UNSHARE, "sh", "-c", _PREPARE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout
            assert process.stderr
            if process.stdout.readline() != b"ready\n":
                pytest.fail(f"the sandbox did not start: {process.stderr.read().decode()}")
            yield Sandbox(process.pid)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=10)


def _unavailable() -> str:
    if os.geteuid() != 0:
        return "namespaces of its own need root"
    absent = [tool for tool in ("unshare", "nsenter") if not shutil.which(tool)]
    if absent:
        return f"not installed: {', '.join(absent)} (package util-linux)"
    tried = subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False)
    return f"unshare(2) is forbidden here: {tried.stderr.decode()}" if tried.returncode else ""


@pytest.fixture(scope="session")
def sandboxes() -> Callable[[], contextlib.AbstractContextManager[Sandbox]]:
    """Return what opens sandboxes; skips where there can be none."""
    if reason := _unavailable():
        pytest.skip(f"a sandbox cannot be made: {reason}")
    return _sandbox


@pytest.fixture
def sandbox(
    sandboxes: Callable[[], contextlib.AbstractContextManager[Sandbox]],
) -> Iterator[Sandbox]:
    """Open a sandbox for one test."""
    with sandboxes() as opened:
        yield opened


@pytest.fixture(scope="session")
def place() -> Callable[[str, bytes | None], str]:
    """Return what gives the shell text that puts bytes into a file, or takes the file away."""

    def place(path: str, content: bytes | None) -> str:
        if content is None:
            return shell.argv("rm", "-rf", path)
        encoded = base64.b64encode(content).decode()
        folder = path.rpartition("/")[0]
        make = shell.line("rm -rf {}; mkdir -p {}; ", path, folder)
        return make + shell.line("printf %s {} | base64 -d > {}", encoded, path)

    return place
