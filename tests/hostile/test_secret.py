"""Planted secrets are found nowhere but in the file on the machine that they are meant for.

One of each source, and private keys, go through every task that meets them, and through a converge
over a real sshd(8) that fails in its middle, with and without a traceback.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
import json
import os
import pathlib
import pkgutil
import secrets
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from labkit import tasks

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable, Iterator, Mapping

    from _pytest.mark import ParameterSet

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
FILES = 25
"""Copies of each secret that a converge writes, so that there is time to look at processes."""

needs_procfs = pytest.mark.skipif(not pathlib.Path("/proc/self/environ").exists(), reason="procfs")
needs_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="the sshd's user must be root: no sudo here"
)

LAB = """\
lab: planted
defaults: {sudo_password: admin}
machines:
  web-01: {nat: 10.0.2.61, hostonly: 192.168.56.61}
secrets:
  registry_token: {env: PLANTED_TOKEN}
  exam_key: {file: secrets/exam.key}
  admin: {keyring: {service: labkit, user: admin}}
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Planted:
    """A lab folder with secrets, and where they may be."""

    folder: pathlib.Path
    machine: pathlib.Path
    """What the profiles write into: the machine's own disk, so to say."""
    record: pathlib.Path
    endpoint: pathlib.Path
    values: Mapping[str, str]
    """The planted texts, by their sources."""
    environment: Mapping[str, str]

    def needles(self) -> dict[str, bytes]:
        """Return what must be found nowhere: each text, and what others might make of it."""
        found: dict[str, bytes] = {}
        for source, text in self.values.items():
            plain = text.strip().encode()
            found[source] = plain
            found[f"{source} in hexadecimal"] = plain.hex().encode()
            found[f"{source} backwards"] = plain[::-1]
            for skip in range(3):  # base64 takes three bytes at a time
                whole = base64.b64encode(b" " * skip + plain)
                found[f"{source} in base64, {skip}"] = whole[4:-4]
        for key in self.private_keys():
            lines = key.read_text().splitlines()[1:-1]
            # The first line holds the names of algorithms, the same in every key.
            found |= {f"{key.name} line {n}": line.encode() for n, line in enumerate(lines) if n}
        return found

    def private_keys(self) -> list[pathlib.Path]:
        made = self.folder / ".lab" / "planted" / "keys"
        own = [path for path in made.rglob("*") if path.is_file() and path.suffix != ".pub"]
        return [pathlib.Path(json.loads(self.endpoint.read_text())["key"]), *own]

    def run(self, *words: str, **environment: str) -> Ended:
        """Run one task, and look at all processes meanwhile."""
        command = [sys.executable, str(HERE / "planted.py"), str(self.endpoint), str(self.record)]
        with (
            subprocess.Popen(
                [*command, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**self.environment, **environment},
            ) as process,
            _Watch(process.pid) as seen,
        ):
            said, _ = process.communicate(timeout=120)
        return Ended(process.returncode, said, seen)


@dataclasses.dataclass(frozen=True, slots=True)
class Ended:
    """How a task ended, what it said, and which command lines and environments there were."""

    code: int
    said: bytes
    seen: set[bytes]


class _Watch:
    """Remembers what /proc shows of all processes; of the labkit run itself not its environment.

    That one begins with the variable in it: it is how the person hands it over. So does a child of
    it until it becomes another program; until then it has the run's own command line.
    """

    def __init__(self, runner: int) -> None:
        self.seen: set[bytes] = set()
        # A program that has only begun has no command line yet.
        while not (shown := _read(runner, "cmdline")):
            time.sleep(0.001)
        self._runner = shown
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> set[bytes]:
        self._thread.start()
        return self.seen

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            for pid in (path.name for path in pathlib.Path("/proc").glob("[0-9]*")):
                before, environment = _read(pid, "cmdline"), _read(pid, "environ")
                after = _read(pid, "cmdline")
                self.seen |= {before, after}
                if self._runner not in {before, after}:
                    self.seen.add(environment)
            time.sleep(0.002)


def _read(pid: int | str, name: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123 - thousands of times
            return file.read()
    except OSError:
        return b""  # it has ended


def _profile(machine: pathlib.Path) -> str:
    lines = ["operations:"]
    names = ("secrets.registry_token", "secrets.exam_key", "secrets.admin", "keys.ansible.private")
    for name in names:
        for number in range(FILES):
            path = machine / f"{name}-{number}"
            lines += ["- why: A secret file", "  file:", f"    path: {path}", '    mode: "0600"']
            lines += [f'    content: "{{{{ {name} }}}}"']
    # No folder is there for this one, so that the converge fails with secrets in its hands.
    missing = machine / "missing" / "file"
    lines += ["- why: It fails", "  file:", f"    path: {missing}"]
    lines += ['    content: "{{ secrets.exam_key }}"']
    return "\n".join(lines) + "\n"


@pytest.fixture
def planted(tmp_path: pathlib.Path, server: types.SimpleNamespace) -> Planted:
    """Make the lab folder, and everything that the secrets come from."""
    folder, machine, package = (tmp_path / name for name in ("lab", "machine", "package"))
    values = {source: f"planted{secrets.token_hex(20)}" for source in ("env", "file", "keyring")}
    values["file"] += "\n"
    for each in (folder / "provision", folder / "network", folder / "secrets", machine):
        each.mkdir(parents=True)
    (folder / "lab.yml").write_text(LAB)
    (folder / "provision" / "base.yml").write_text(_profile(machine))
    for card in ("nat", "hostonly"):
        (folder / "network" / f"{card}.yml").write_text("operations: []\n")
    key = folder / "secrets" / "exam.key"
    key.touch(mode=0o600)
    key.write_text(values["file"])
    # The package keyring asks a service of the desktop, which no test machine has.
    (package / "keyring").mkdir(parents=True)
    source = f"def get_password(service, user):\n    return {values['keyring']!r}\n"
    (package / "keyring" / "__init__.py").write_text(source)
    (package / "keyring" / "errors.py").write_text("class KeyringError(Exception): ...\n")
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{server.port} {' '.join(server.host_key.split()[:2])}\n")
    endpoint = tmp_path / "endpoint.json"
    place = {"port": server.port, "user": "root", "key": server.key, "known_hosts": known_hosts}
    endpoint.write_text(json.dumps(place, default=str))
    environment = {
        "PATH": os.defpath, "HOME": str(tmp_path), "PYTHONPATH": f"{package}{os.pathsep}{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1", "PLANTED_TOKEN": values["env"],
    }  # fmt: skip
    return Planted(folder, machine, tmp_path / "record", endpoint, values, environment)


def _spoiled(planted: Planted) -> Iterator[str]:
    """Look through all files that the test made, except those that secrets come from or go to."""
    sources = {planted.folder / "secrets" / "exam.key", *planted.private_keys()}
    needles = planted.needles()
    for path in planted.folder.parent.rglob("*"):
        if not path.is_file() or path in sources or "package" in path.parts:
            continue
        if planted.machine in path.parents:
            continue
        content = path.read_bytes()
        yield from (f"{path}: {name}" for name, needle in needles.items() if needle in content)


def _assert_clean(planted: Planted, ended: Ended) -> None:
    needles = planted.needles()
    assert len(needles) > 20
    assert [name for name, needle in needles.items() if needle in ended.said] == []
    assert [
        (name, each[:200])
        for name, needle in needles.items()
        for each in ended.seen
        if needle in each
    ] == []
    assert list(_spoiled(planted)) == []


def _params(every: Iterable[str], always: set[str]) -> list[ParameterSet]:
    """Leave all but some to the nightly tier; each starts Python and writes a hundred files."""
    slow = pytest.mark.slow
    return [pytest.param(name, marks=() if name in always else slow) for name in every]


def _has(task: str) -> bool:
    modules = importlib.import_module(f"{tasks.__name__}.lab")
    return task in {module.name for module in pkgutil.iter_modules(modules.__path__)}


READING = {
    "validate": ["validate"],
    "plan": ["plan"],
    "plan json": ["plan", "--format", "json"],
    "render": ["render"],
    "explain": ["explain"],
    "explain json": ["explain", "--format", "json"],
}
"""Tasks that need no secret's value; without it they must not fail."""


@needs_procfs
@needs_root
@pytest.mark.parametrize("name", _params(READING, {"validate", "plan json", "explain"}))
def test_what_only_shows_needs_no_secret(name: str, planted: Planted) -> None:
    words = READING[name]
    if not _has(words[0]):
        pytest.skip(f"there is no task {words[0]} yet")
    ended = planted.run(*words)
    assert (ended.code, b"error" in ended.said) == (0, False), ended.said.decode()
    _assert_clean(planted, ended)
    (planted.folder / "secrets" / "exam.key").unlink()
    bare = {key: value for key, value in planted.environment.items() if key != "PLANTED_TOKEN"}
    without = dataclasses.replace(planted, environment={**bare, "PYTHONPATH": str(ROOT)})
    again = without.run(*words)
    assert again.code == 0, again.said.decode()


WORKING: dict[str, tuple[list[str], dict[str, str]]] = {
    "up": (["up"], {}),
    "up json": (["up", "--format", "json"], {}),
    "up in detail": (["up"], {"LAB_DEBUG": "1"}),
    "up with a traceback": (["up"], {"LAB_DEBUG": "1", "PLANTED_CRASH": "1"}),
    "apply": (["apply"], {}),
    "apply with a traceback": (["apply"], {"PLANTED_CRASH": "1"}),
    "drift": (["drift"], {}),
    "drift json": (["drift", "--format", "json"], {}),
    "plan diff": (["plan", "--diff"], {}),
    "verify json": (["verify", "--format", "json"], {}),
    "verify with reports": (
        ["verify", *(f"--output=report.{kind}" for kind in ("html", "json", "xml", "txt"))],
        {},
    ),
}
"""Tasks that hold the values, on a machine whose last file cannot be made."""


@needs_procfs
@needs_root
@pytest.mark.parametrize("name", _params(WORKING, {"up", "up with a traceback"}))
def test_what_works_with_secrets_shows_none(name: str, planted: Planted) -> None:
    words, environment = WORKING[name]
    if not _has(words[0]):
        pytest.skip(f"there is no task {words[0]} yet")
    ended = planted.run(*words, **environment)
    assert ended.code in {1, 2, 4}, ended.said.decode()
    _assert_clean(planted, ended)
    if name == "verify with reports":
        assert len(list(planted.folder.glob("report.*"))) == 4
    if name in {"up", "up json", "apply"}:
        assert b"missing/file" in ended.said, "it failed where it was to fail"
        assert any(each.startswith((b"sh\0-s", b"/bin/sh\0-s")) for each in ended.seen), "looked"
    crashed = "PLANTED_CRASH" in environment
    assert (b"ZeroDivisionError: in the middle of " in ended.said) is crashed
    assert (b"Traceback" in ended.said) is crashed, ended.said.decode()
    if words[0] in {"up", "apply"} and not crashed:
        _assert_arrived(planted)
    if words[0] == "up":
        started = [json.loads(line) for line in planted.record.read_text().splitlines()]
        (sleep,) = [each for each in started if each["command"] == ["sleep", "600"]]
        assert "PLANTED_TOKEN" not in sleep["environment"]
        assert not any("PLANTED_TOKEN" in each["environment"] for each in started)
        assert any(each.startswith(b"sleep\x00600") for each in ended.seen)


def _assert_arrived(planted: Planted) -> None:
    """What is looked for was really there: on the machine, for its owner only."""
    for name, source in (("registry_token", "env"), ("exam_key", "file"), ("admin", "keyring")):
        for number in range(FILES):
            path = planted.machine / f"secrets.{name}-{number}"
            assert path.read_text() == planted.values[source]
            assert path.stat().st_mode & 0o777 == 0o600


@needs_procfs
@needs_root
def test_a_bundle_for_a_bug_report_holds_none(planted: Planted) -> None:
    if not _has("support"):
        pytest.skip("there is no task support yet")
    assert planted.run("up").code == 1
    ended = planted.run("support")
    assert ended.code == 0, ended.said.decode()
    _assert_clean(planted, ended)


@needs_procfs
@needs_root
def test_a_leak_would_be_seen(planted: Planted) -> None:
    ended = planted.run("validate")
    text = planted.values["env"]
    (planted.folder / "leak.log").write_text(base64.b64encode(f"x{text}".encode()).decode())
    assert len(list(_spoiled(planted))) == 1
    (planted.folder / "leak.log").unlink()
    leaking = Ended(ended.code, f"token={text}".encode(), {f"curl\0{text}".encode()})
    with pytest.raises(AssertionError):
        _assert_clean(planted, leaking)
    with pytest.raises(AssertionError):
        _assert_clean(planted, dataclasses.replace(ended, seen=leaking.seen))
    _assert_clean(planted, ended)
