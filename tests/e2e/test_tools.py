"""The tools beside `up`, on two small machines: exec, copy, forward, ssh, logs, support and gc."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tarfile
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from labkit.images import store
from tests.e2e.conftest import MINUTES, Folder, Run, make_folder, runs

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

PLANTED = "hunter2-hunter2"
LAB = """\
lab: labkit-tools
defaults: {memory: 512 MiB}
machines:
  one: {nat: 10.0.2.71, hostonly: 192.168.56.71}
  two: {nat: 10.0.2.72, hostonly: 192.168.56.72}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """A home and a registry of the test's own: gc looks at both."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_CACHE", str(store.root()))
        patch.setenv("LAB_STATE", str(home / "state"))
        patch.setenv("HOME", str(home))
        yield home


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, home: pathlib.Path) -> Iterator[Folder]:
    assert home.is_dir()
    folder = make_folder(tmp_path_factory.mktemp("tools") / "my lab's")
    (folder.path / "lab.yml").write_text(LAB)
    run = folder("up")
    assert run.code == 0, run
    pids = list(folder.processes().values())
    yield folder
    for pid in pids:  # which gc has ended, unless a test failed before
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()


def _ended(lab: Folder, run: Run) -> dict[str, object]:
    assert run.code == 0, run
    logs = sorted((lab.path / ".lab" / "labkit-tools" / "logs").iterdir())
    return json.loads(logs[-1].read_text().splitlines()[-1])


def test_exec_shows_lines_as_they_come(lab: Folder) -> None:
    start = time.monotonic()
    command = "uname -n; sleep 3; echo done; test $(uname -n) = one"
    process = lab.begin("exec", command)
    assert process.stdout
    first, second = process.stdout.readline(), process.stdout.readline()
    early = time.monotonic() - start
    out, err = process.communicate(timeout=60)
    late = time.monotonic() - start
    assert {first, second} == {"one one\n", "two two\n"}
    assert late - early > 2
    assert sorted(out.splitlines()) == ["one done", "two done"]
    assert process.returncode == 1
    assert err.endswith("ok on 1; failed on 1: two (1)\n")


def test_what_exec_ran_is_not_in_the_log(lab: Folder) -> None:
    end = _ended(lab, lab("exec", "echo planted-secret >/dev/null"))
    assert (end["kind"], end["code"]) == ("end", 0)
    folder = lab.path / ".lab" / "labkit-tools" / "logs"
    texts = [path.read_text() for path in folder.iterdir()]
    assert all("planted-secret" not in text for text in texts)
    newest = [json.loads(line) for line in max(folder.iterdir()).read_text().splitlines()]
    assert [line["label"] for line in newest if line["kind"] == "command"] == ["exec", "exec"]
    up = next(text for text in texts if '"task": "up"' in text)
    assert "qemu-system-x86_64" in up
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_copy_both_ways(lab: Folder, tmp_path: pathlib.Path) -> None:
    notes = tmp_path / "-my notes"
    (notes / "in").mkdir(parents=True)
    (notes / "in" / "it's.bin").write_bytes(bytes(range(256)) * 5000)
    (notes / "in" / "it's.bin").chmod(0o750)
    run = lab("copy", str(notes), "all:/srv/")
    assert run.code == 0, run
    for name in ("one", "two"):
        there = "'/srv/-my notes/in'/*"
        assert lab.on(name, f"sudo stat -c '%U %a %s' {there}") == "root 750 1280000"
    run = lab("copy", "all:/srv/-my notes", str(tmp_path / "back"))
    assert run.code == 0, run
    for name in ("one", "two"):
        found = tmp_path / "back" / name / "-my notes" / "in" / "it's.bin"
        assert found.read_bytes() == (notes / "in" / "it's.bin").read_bytes()
    run = lab("copy", "one:/etc/hosts", str(tmp_path))
    assert run.code == 0, run
    assert "127.0.0.1" in (tmp_path / "hosts").read_text()
    run = lab("copy", str(tmp_path / "hosts"), "one:/no/where/")
    assert (run.code, run.err) == (2, "error: one: there is no folder /no/where/\n")
    assert lab.on("one", "sudo find /srv /root /home -name '.labkit-*'") == ""


def test_forward(lab: Folder) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = lab.begin("forward", "one", f"{port}:22")
    assert process.stdout
    try:
        assert process.stdout.readline() == f"127.0.0.1:{port} leads to one:22\n"
        with socket.create_connection(("127.0.0.1", port), timeout=30) as plug:
            assert plug.recv(8).startswith(b"SSH-2.0-")
        taken = lab("forward", "two", f"{port}:22")
        assert taken.code == 2
        assert taken.err.startswith(f"error: 127.0.0.1:{port} cannot be listened on: ")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def test_ssh_by_the_long_name(lab: Folder, home: pathlib.Path) -> None:
    config = lab.path / ".lab" / "labkit-tools" / "ssh_config"
    run = lab("ssh-config", "--install")
    assert run.code == 0, run
    own = home / ".ssh" / "config"
    for file in (config, own):
        done = subprocess.run(
            ["ssh", "-F", str(file), "-o", "BatchMode=yes", "labkit-tools-two", "uname", "-n"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MINUTES,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "two\n"), done.stderr


def test_a_bundle_for_a_bug_report(lab: Folder, home: pathlib.Path, tmp_path: pathlib.Path) -> None:
    run = lab("support", "--to", str(tmp_path), COURSE_TOKEN=PLANTED)
    assert run.code == 0, run
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        texts = {name: file.read().decode() for name, file in files.items() if file}
    names = {name.split("/", 1)[1] for name in texts}
    assert {"README.txt", "lab.yml", "plan.json", "doctor.txt", "versions.txt"} <= names
    assert "labkit-tools/consoles/one.txt" in names
    everything = "\n".join(texts.values())
    assert "PRIVATE KEY" not in everything
    for key in (lab.path / ".lab" / "labkit-tools" / "keys").rglob("*"):
        if key.is_file():
            assert not [line for line in key.read_text().split() if len(line) > 30 and
                        line in everything]  # fmt: skip
    for word in (str(lab.path), str(home), socket.gethostname(), PLANTED):
        alone = rf"(?i)(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])"
        assert not re.search(alone, everything), word


def test_gc_ends_machines_whose_folder_was_deleted(lab: Folder, home: pathlib.Path) -> None:
    pids = set(lab.processes().values())
    assert len(pids) == 2
    here = Folder(lab.path.parent)
    gc = ("gc", "--under", str(lab.path.parent))  # others may have left something on this host
    assert (
        f"in use   lab 'labkit-tools' in {lab.path}: in use; machines that run: one, two\n"
        in here(*gc).out
    )
    shutil.rmtree(lab.path)
    listed = here(*gc, "--format", "json")
    assert listed.code == 1, listed
    left = [item["what"] for item in listed.document["items"] if item["state"] == "left"]
    for pid in pids:
        assert [what for what in left if what.startswith(f"process {pid} (qemu): machine ")], left
    assert all(runs(pid) for pid in pids)
    assert any(what.endswith("/.ssh/labkit/labkit-tools.conf") for what in left)
    removed = here(*gc, "--yes")
    assert removed.code == 0, removed
    assert not [pid for pid in pids if runs(pid)]
    own = home / ".ssh" / "config"
    assert "Include" not in own.read_text()
    assert not os.listdir((home / "state") / "labs")  # noqa: PTH208 - names
    assert here(*gc).out == "nothing is left over\n"
