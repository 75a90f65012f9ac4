"""`labkit up` against a simulated vCenter, to the end: into machines with a real sshd.

The host key, the login key, the name and the addresses of each sshd are those that guestinfo told
the machine, so what cloud-init would be told is what is tested. What takes a whole operating system
(name servers, NetworkManager, package sources) is not there, and verify says so.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from labkit import system
from tests.e2e.vsphere import building, inside

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.e2e

REPOSITORY = pathlib.Path(__file__).parents[3]
_PATIENCE = 600.0
_NEEDED = ("chroot", "ip", "mount", "ssh", "sshd", "unshare")


def _run(folder: pathlib.Path, commands: Sequence[Sequence[str]], *what: str) -> Any:
    if not system.is_root():
        pytest.skip("namespaces of their own take root")
    absent = system.missing(*_NEEDED)
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")
    building.build()  # with the cache that the environment names
    done = subprocess.run(
        [*inside.ENTER, sys.executable, "-m", "tests.e2e.vsphere.inside", str(folder), *what],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "LAB_CACHE": str(_cache())},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _cache() -> pathlib.Path:
    return building.build().parents[1]


def test_a_lab_from_up_to_destroy(tmp_path: pathlib.Path) -> None:
    look = ["ssh", "-F", ".lab/s00/ssh_config", "m0001", "cat /etc/motd; hostname; ls -d /var/data"]
    page = ["grep", "-o", "198[.]18[.]0[.]2[01]:22", ".lab/s00/report.html"]
    said = _run(tmp_path, [["up"], look, ["up"], ["status"], page, ["destroy"]])
    up, shown, again, status, report, gone = said["ended"]
    assert "changes inside the machines: 4" in up["out"], up
    assert "Traceback" not in up["err"]
    assert shown["code"] == 0, shown
    assert shown["out"].split() == ["hello", "from", "m0001m0001", "/var/data"]
    assert "changes inside the machines: 0" in again["out"], again
    assert "powering on" not in again["err"]
    assert "198.18.0.20:22" in status["out"], status
    assert set(report["out"].split()) == {"198.18.0.20:22", "198.18.0.21:22"}
    assert gone["code"] == 0, gone
    assert gone["out"] == "lab 's00' is gone: m0000, m0001\n"
    assert said["machines"] == ["debian-12"]


def test_further_machines_of_a_baked_template_need_nothing(tmp_path: pathlib.Path) -> None:
    bake = ["image.bake", "--format", "json"]
    look = ["ssh", "-F", ".lab/s00/ssh_config", "m0001", "cat /etc/motd; ls -d /var/data"]
    other = ["sed", "-i", "s:/var/data:/var/other:", "provision/base.yml"]
    same = ["sed", "-i", "s:/var/other:/var/data:", "provision/base.yml"]
    said = _run(
        tmp_path,
        [bake, bake, ["image.list"], ["up", "--format", "json"], look, other, bake, same, ["gc"],
         ["destroy"], ["gc"], other, ["gc"], ["gc", "--yes"], ["gc"]],
    )  # fmt: skip
    first, again, listed, up, inside_, _, refused, _, used, *rest = said["ended"]
    gone, wanted, _, left, freed, nothing = rest
    (made,) = json.loads(first["out"])
    assert made["image"] == "debian-12 with base", first
    assert (made["machines"], made["changes"]) == (["m0000", "m0001"], 1), first
    assert json.loads(again["out"]) == [{**made, "changes": 0}], "it was there"
    assert "booting" not in again["err"]
    digest = made["digest"][:12]
    assert re.search(rf"debian-12 with base \(template\) +. {digest}", listed["out"]), listed
    assert json.loads(up["out"])["changes"] == 0, up
    for name in ("m0000", "m0001"):
        assert f"{name}: making it from the image baked with base" in up["err"]
        assert f"{name}: as wanted already" in up["err"]
    assert inside_["out"].split() == ["hello", "from", "m0001/var/data"]
    assert refused["code"] == 2, refused
    assert refused["err"].endswith(
        "error: m0000 runs, and the machine that is booted for baking might have its address\n"
        "hint: 'labkit halt' before, or bake before the first 'labkit up'\n"
    )
    template = f"the baked template debian-12 with base ({digest})"
    linked = f"in use   {template}: the machine 's00-m0000' on the vCenter is linked to it\n"
    assert linked in used["out"], used
    assert gone["code"] == 0, gone
    lab = tmp_path / "s00" / "lab.yml"
    assert wanted["out"].startswith(f"in use   {template}: machines of {lab} begin with it"), wanted
    assert f"left     {template}: no lab uses it any more\n" in left["out"], left
    assert (freed["code"], nothing["out"]) == (0, "nothing is left over\n"), (freed, nothing)
    assert said["machines"] == ["debian-12"]
    assert said["folders"] == []


def test_a_class_whose_labs_come_up_at_the_same_time(tmp_path: pathlib.Path) -> None:
    """Each lab is a process of its own, and all want the folder and the switch at once."""
    log = ["sh", "-c", "cat students/*/.lab/*/logs/*.jsonl"]
    guess = ["class.rehearse", "--task", str(inside.TASK), "--boot", "1", "--jobs", "4"]
    words = [
        *([*guess, "--format", "json"], ["class.up", "--format", "json", "--jobs", "4"], log),
        ["class.destroy", "--yes"],
    ]
    said = _run(tmp_path, words, "class")
    rehearsed, up, logged, gone = said["ended"]
    students = json.loads(up["out"])["students"]
    # All have come up; what verify finds is that they are on one card of one host.
    assert {each["code"] for each in students.values()} == {1}, students
    assert all(each["result"]["failures"] == [] for each in students.values()), students
    assert len(students) == inside.STUDENTS
    labels = [json.loads(line).get("label", "") for line in logged["out"].splitlines()]
    assert sum(label.startswith("vCenter: CloneVM") for label in labels) == 2 * inside.STUDENTS
    predicted = json.loads(rehearsed["out"])
    # A stamp is logged twice, with the name of its machine and without.
    calls = sum(bool(label) and not re.search(r"SetField .", label) for label in labels)
    print(f"calls: {predicted['calls']} rehearsed, {calls} made")
    print(f"seconds: {predicted['seconds']:.1f} rehearsed, {up['seconds']:.1f} taken")
    assert predicted["up"] == inside.STUDENTS
    assert 0.6 * calls < predicted["calls"] < 1.6 * calls, "reads depend on how long tasks take"
    assert gone["code"] == 0, gone
    assert (said["machines"], said["folders"]) == (["debian-12"], [])
