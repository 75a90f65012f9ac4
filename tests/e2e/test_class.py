"""Four students with two real machines each: up at once, verified, broken, reset, gone."""

from __future__ import annotations

import html
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.e2e.conftest import MINUTES, REPOSITORY, Folder, over_ssh

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

_STUDENTS = ("chiyo", "daiki", "hanako", "taro")
_MACHINES = ("node-01", "node-02")
_LAB = """\
lab: one-of-many
defaults: {memory: 256 MiB}
machines:
  node-01: {nat: 10.0.2.61, hostonly: 192.168.56.61}
  node-02: {nat: 10.0.2.62, hostonly: 192.168.56.62}
"""
_ROSTER = "\ufeffname;display;mail\r\n" + "".join(
    f"{name};{name.title()} (テスト);{name}@example.org\r\n" for name in _STUDENTS
)

_STRANGER = ("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o",
             "IdentityAgent=none", "-o", "StrictHostKeyChecking=no", "-o",
             "UserKnownHostsFile=/dev/null")  # fmt: skip
"""Somebody who trusts every machine."""


_INTRUDER = """
import socket, sys
made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for folder in sys.argv[1:]:
    for name in ("hub", "ports/node-01"):
        try:
            made.sendto(bytes(60), f"{folder}/{name}")
            print("sent")
        except OSError as error:
            print(type(error).__name__)
"""


def _lab_of(room: Folder, student: str) -> pathlib.Path:
    return room.path / "students" / student / ".lab" / f"e2e-class--{student}"


def _on(room: Folder, student: str, machine: str, command: str) -> str:
    """Run a command by plain ssh."""
    return over_ssh(_lab_of(room, student) / "ssh_config", machine, command)


def _running(room: Folder, kind: str) -> list[str]:
    """The pid files of what runs for the class, found without labkit."""
    found: list[str] = []
    for process in psutil.process_iter(["cmdline"]):
        words: list[str] = process.info["cmdline"] or []
        options = dict(itertools.pairwise(words))
        path = options.get("-pidfile", "")
        if path.startswith(f"{room.path}/") and f"/{kind}/" in path:
            found.append(path)
    return found


def _qemu(room: Folder) -> list[str]:
    """The machines of the class."""
    return _running(room, "machines")


def _switches(room: Folder) -> list[str]:
    """What carries the frames of a student's machines."""
    return _running(room, "segment")


def _timed(room: Folder, *words: str) -> Any:
    start = time.monotonic()
    run = room(*words, "--format", "json", timeout=20 * MINUTES)
    print(f"{' '.join(words)}: {time.monotonic() - start:.1f} s, exit {run.code}")
    try:
        return run.code, json.loads(run.out)
    except ValueError:
        raise AssertionError(str(run)) from None


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    path = tmp_path_factory.mktemp("class") / "room"
    path.mkdir()
    (path / "lab.yml").write_text(_LAB)
    (path / "class.yml").write_text("classroom: e2e-class\nroster: roster.csv\n")
    (path / "roster.csv").write_text(_ROSTER, encoding="utf-8")
    made = Folder(path)
    assert REPOSITORY.is_dir()
    yield made
    print(made("class.destroy", "--yes"))


def test_after_ctrl_c_nothing_runs_that_no_ledger_knows(room: Folder) -> None:
    begun = room.begin("class.up", "--jobs", "4")
    try:
        deadline = time.monotonic() + 10 * MINUTES
        while not _qemu(room) and time.monotonic() < deadline and begun.poll() is None:
            time.sleep(0.1)
        begun.send_signal(signal.SIGINT)
        out, err = begun.communicate(timeout=2 * MINUTES)
    finally:
        begun.kill()
    assert begun.returncode == 130, out + err
    assert err.endswith(
        "interrupted; 'labkit class.up' continues, 'labkit class.destroy' removes\n"
    )
    for pid_file in map(pathlib.Path, _qemu(room)):
        ledger = json.loads((pid_file.parents[2] / "ledger.json").read_text())
        assert pid_file.parent.name in ledger["machines"]


def test_all_come_up_at_once_and_are_verified(room: Folder) -> None:
    code, found = _timed(room, "class.up")
    assert code == 0, found
    assert sorted(found["students"]) == list(_STUDENTS)
    assert all(each["result"]["ok"] for each in found["students"].values())
    assert len(_qemu(room)) == len(_STUDENTS) * len(_MACHINES)
    assert len(_switches(room)) == len(_STUDENTS)
    code, found = _timed(room, "class.status")
    assert {name: each["state"] for name, each in found["students"].items()} == dict.fromkeys(
        _STUDENTS, "verified"
    )


def _on_the_board(room: Folder) -> dict[str, str]:
    """What the board's page says of each student."""
    assert room("class.board", "--static", "board").code == 0
    text = (room.path / "board" / "index.html").read_text(encoding="utf-8")
    shutil.rmtree(room.path / "board")
    rows = re.findall(r'<tr class="(\w+)".*?<small>([\w-]+)</small>', text)
    return {student: state for state, student in rows}


def test_the_board_and_the_report_say_so(room: Folder) -> None:
    assert _on_the_board(room) == dict.fromkeys(_STUDENTS, "verified")
    run = room("class.report", "--format", "json")
    assert run.code == 0, run
    assert all(each["state"] == "verified" for each in run.document["students"].values())
    assert all(each["total"] > 0 for each in run.document["students"].values())


def test_the_sheets_have_the_machines_own_fingerprints(room: Folder) -> None:
    assert room("class.roster", "--output", "sheets.html").code == 0
    text = (room.path / "sheets.html").read_text(encoding="utf-8")
    (room.path / "sheets.html").unlink()
    for student in _STUDENTS:
        for machine in _MACHINES:
            shown = _on(room, student, machine, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
            assert shown.split()[1] in html.unescape(text)
    assert "PRIVATE KEY" not in text


def test_what_must_be_unique_is(room: Folder) -> None:
    facts = "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub /sys/class/net/e*/address"
    code, found = _timed(room, "class.exec", facts)
    assert code == 0
    lines = [
        line
        for each in found["students"].values()
        for answer in each["result"].values()
        for line in answer["output"].splitlines()
    ]
    assert len(lines) == len(_STUDENTS) * len(_MACHINES) * 4
    assert len({*lines}) == len(lines)


def test_one_broken_machine_is_found_and_nobody_else_is_blamed(room: Folder) -> None:
    _on(room, "hanako", "node-02", "sudo hostnamectl set-hostname other")
    run = room("class.verify")
    assert run.code == 1, run
    *_, reason, summary = run.out.splitlines()
    assert reason.startswith("hanako: node-0"), run
    assert summary == "ok for 3 of 4 students; failed for 1: hanako"
    expected = {**dict.fromkeys(_STUDENTS, "verified"), "hanako": "broken"}
    assert _on_the_board(room) == expected
    run = room("class.report", "--format", "json")
    assert run.code == 1
    students = run.document["students"]
    assert {name: each["state"] for name, each in students.items()} == expected
    assert students["hanako"]["first"].startswith("node-0")


def test_reset_mends_it(room: Folder) -> None:
    code, found = _timed(room, "class.reset", "--only", "hanako")
    assert (code, list(found["students"])) == (0, ["hanako"])
    assert _on(room, "hanako", "node-02", "hostname") == "node-02"
    assert room("class.verify", "--only", "hanako").code == 0


def test_students_cannot_reach_each_others_machines(room: Folder) -> None:
    """As root in a machine of one student, and with that student's key."""
    plan = room("class.plan", "--format", "json").document["students"]
    other = plan["taro"]["machines"]["node-01"]["ssh"]
    host, _, port = other.partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as there:
        assert there.recv(8).startswith(b"SSH-"), "the host's owner reaches it"
    # The address by which all know their own node-02 is their own node-02.
    theirs = {
        student: _on(room, student, "node-01", "ssh-keyscan -t ed25519 192.168.56.62 2>/dev/null")
        for student in ("chiyo", "taro")
    }
    assert theirs["chiyo"] != theirs["taro"]
    # Nobody but the two is on the segment.
    scan = "for n in $(seq 1 254); do ping -c1 -W1 192.168.56.$n >/dev/null & done; wait; "
    seen = _on(room, "chiyo", "node-01", f"sudo sh -c '{scan}' 2>/dev/null; ip -4 neigh show")
    answered = [line.split()[0] for line in seen.splitlines() if "lladdr" in line]
    found = [each for each in answered if each.startswith("192.168.56.")]
    assert found == ["192.168.56.62"]
    # The gateway is the host's 127.0.0.1, where no machine of a class listens.
    by_gateway = f"timeout 20 bash -c 'exec 3<>/dev/tcp/10.0.2.2/{port}' 2>&1; echo $?"
    assert _on(room, "chiyo", "node-01", by_gateway).splitlines()[-1] != "0"
    # And the key of one opens nothing of another.
    key = _lab_of(room, "chiyo") / "keys" / "login"
    done = subprocess.run(
        [*_STRANGER, "-i", str(key), "-p", port, f"lab@{host}", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * MINUTES,
        check=False,
    )
    assert done.returncode == 255
    assert "Permission denied" in done.stderr


def test_other_users_of_the_host_open_nothing(room: Folder) -> None:
    for student in _STUDENTS:
        home = room.path / "students" / student
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((_lab_of(room, student) / "keys" / "login").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_other_users_of_the_host_reach_no_segment(room: Folder) -> None:
    """Not even `nobody`, who the machines of all students are."""
    folders = [str(_lab_of(room, student) / "segment") for student in _STUDENTS]
    for path in pathlib.Path(folders[0]).parents:  # up to the students' folders all may pass
        if path.is_relative_to(room.path.parent.parent) and "students" not in path.parts:
            path.chmod(0o755)
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    words += ["/usr/bin/python3", "-I", "-c", _INTRUDER, *folders]
    done = subprocess.run(words, capture_output=True, text=True, timeout=MINUTES, check=False)
    assert done.stdout.split() == ["PermissionError"] * len(_STUDENTS) * 2, done.stderr


def test_a_folder_that_was_deleted_is_made_again(room: Folder) -> None:
    subprocess.run(["rm", "-rf", str(room.path / "students" / "daiki")], check=True)
    code, found = _timed(room, "class.status", "--only", "daiki")
    assert (code, found["students"]["daiki"]["state"]) == (0, "absent")
    code, found = _timed(room, "class.up", "--only", "daiki")
    assert code == 0, found
    assert len(_qemu(room)) == len(_STUDENTS) * len(_MACHINES)


def test_nothing_is_left(room: Folder) -> None:
    run = room("class.destroy", "--yes")
    assert run.code == 0, run
    assert _qemu(room) == []
    assert _switches(room) == []
    # The class's own key stays with its roster: what students were given is made of it.
    # And what the board has believed stays with the board.
    assert sorted(each.name for each in (room.path / ".class").iterdir()) == ["board", "class.key"]
    assert sorted(each.name for each in room.path.iterdir()) == [
        ".class",
        "class.yml",
        "lab.yml",
        "roster.csv",
    ]
