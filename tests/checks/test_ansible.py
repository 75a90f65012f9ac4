"""The probe of the check ansible, run for real beside an ssh and an Ansible that only count."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import checks

if TYPE_CHECKING:
    import pathlib

    from labkit.plan import model

_ANSIBLE = """#!/bin/sh
echo asked >> {folder}/asked
[ ! -e {folder}/broken ] || { echo '192.168.56.61 | UNREACHABLE!'; exit 4; }
echo '192.168.56.61 | SUCCESS'
"""
_PROGRAMS = {
    "ssh": "#!/bin/sh\nexec sh -c 'cat {folder}/facts'\n",
    "ansible": _ANSIBLE,
    "ansible-inventory": "#!/bin/sh\necho '{}'\n",
}


class _Machine:
    """An ansible machine whose folders are below a temporary one."""

    def __init__(self, folder: pathlib.Path, probe: str) -> None:
        self.folder = folder
        for place, real in (("course", "/root/k8s-manual"), ("run", "/run/labkit")):
            probe = probe.replace(real, str(folder / place))
        self.probe = probe.replace("HOME=/root", f"HOME={folder}")
        (folder / "bin").mkdir()
        (folder / "course").mkdir()
        for name, text in _PROGRAMS.items():
            program = folder / "bin" / name
            program.write_text(text.replace("{folder}", str(folder)))
            program.chmod(0o755)
        self.write("facts", "as they are\n")
        self.write("course/ansible_hosts", "192.168.56.61\n")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def look(self) -> str:
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", self.probe],
            env={"PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    @property
    def asked(self) -> int:
        return len((self.folder / "asked").read_text().splitlines())


@pytest.fixture
def machine(tmp_path: pathlib.Path, small: model.Lab) -> _Machine:
    probe = checks.every()["ansible"].probe(small, small.machine("ansible-01"))
    assert probe is not None
    return _Machine(tmp_path, probe)


def test_what_it_said_is_kept_while_nothing_changes(machine: _Machine) -> None:
    said = machine.look()
    assert "SUCCESS" in said
    assert machine.look() == said
    assert machine.asked == 1


def test_each_thing_that_it_depends_on_makes_it_asked_again(machine: _Machine) -> None:
    machine.look()
    machine.write("facts", "another boot\n")
    machine.look()
    machine.write("course/ansible_hosts", "192.168.56.62\n")
    machine.look()
    program = machine.folder / "bin" / "ansible"
    program.write_text(program.read_text() + "# another version\n")
    machine.look()
    assert machine.asked == 4
    machine.look()
    assert machine.asked == 4


def test_a_failure_is_never_kept(machine: _Machine) -> None:
    machine.look()
    machine.write("broken", "")
    machine.write("facts", "python3: No such file or directory\n")
    assert "UNREACHABLE" in machine.look()
    assert "UNREACHABLE" in machine.look()
    assert machine.asked == 3
    (machine.folder / "broken").unlink()
    assert "SUCCESS" in machine.look()
    assert machine.asked == 4
    # What was said before the failure was forgotten with it.
    machine.write("facts", "as they are\n")
    machine.look()
    assert machine.asked == 5


def test_nothing_is_left_but_what_is_kept(machine: _Machine) -> None:
    machine.look()
    machine.look()
    names = {path.name for path in (machine.folder / "run").iterdir()}
    assert names == {"ansible.digest", "ansible.facts", "ansible.inventory", "ansible.now"}
    assert (machine.folder / "run").stat().st_mode & 0o777 == 0o700
