"""Snapshots of two real machines: the same processes go on, at the right time."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import Folder, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

NAMES = ("one", "two")
ADDRESSES = {"one": "192.168.56.51", "two": "192.168.56.61"}
LAB = """\
lab: labkit-snapshots
provider: qemu
machines:
  one: {nat: 10.0.2.51, hostonly: 192.168.56.51}
  two: {nat: 10.0.2.61, hostonly: 192.168.56.61}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    folder = make_folder(tmp_path_factory.mktemp("snapshots") / "labkit-snapshots")
    (folder.path / "lab.yml").write_text(LAB)
    yield folder
    print(folder("destroy", "--yes"))
    assert folder.processes() == {}


def run(lab: Folder, *words: str) -> str:
    start = time.monotonic()
    done = lab(*words)
    print(f"{' '.join(words)}: {time.monotonic() - start:.1f} s")
    assert done.code == 0, done
    return done.out


def snapshots(lab: Folder) -> dict[str, Any]:
    listed = json.loads(run(lab, "snapshot", "list", "--format", "json"))["snapshots"]
    return {each["name"]: each["machines"] for each in listed}


def inside(lab: Folder, machine: str) -> list[str]:
    """The snapshots in a machine's disk, found without labkit."""
    disk = lab.ssh_config.parent / "machines" / machine / "disk.qcow2"
    words = ["qemu-img", "info", "-U", "--output=json", str(disk)]
    done = subprocess.run(words, capture_output=True, check=True)
    return sorted(each["name"] for each in json.loads(done.stdout).get("snapshots", ()))


def boots(lab: Folder) -> dict[str, str]:
    """Return each machine's boot_id; its clock is right, and it reaches the other and its NAT."""
    found: dict[str, str] = {}
    for name in NAMES:
        (other,) = set(NAMES) - {name}
        pings = f"sudo ping -c 1 -W 5 {ADDRESSES[other]} && sudo ping -c 1 -W 5 10.0.2.2"
        before = time.time()
        out = lab.on(name, f"cat /proc/sys/kernel/random/boot_id; date +%s.%N; {pings}")
        found[name], shown, *_ = out.splitlines()
        assert before - 2 < float(shown) < time.time() + 2
    return found


def test_up_keeps_the_verified_state_and_a_second_up_does_not(lab: Folder) -> None:
    run(lab, "up")
    assert snapshots(lab) == {"verified": {"one": "running", "two": "running"}}
    assert inside(lab, "one") == ["labkit-verified~1"]
    run(lab, "up")
    assert inside(lab, "one") == ["labkit-verified~1"]


def test_restore_brings_files_and_the_same_processes_back(lab: Folder) -> None:
    before = boots(lab)
    work = "echo work > work; sync; nohup sleep 98765 > /dev/null 2>&1 & echo $!"
    process = lab.on("one", work)
    run(lab, "snapshot", "save", "before-exam")
    lab.on("one", f"rm work; kill {process}; sync")
    lab.on("two", "echo more > more; sync")
    run(lab, "snapshot", "restore", "before-exam")
    assert lab.on("one", "cat work; pgrep -f '^sleep 98765'").split() == ["work", process]
    assert lab.on("two", "ls more 2> /dev/null || echo gone") == "gone"
    assert boots(lab) == before


def test_reset_mends_what_was_broken_and_starts_what_is_off(lab: Folder) -> None:
    before = boots(lab)
    broken = "rm -rf /etc/hosts /etc/NetworkManager; ip address flush to 192.168.56.0/24"
    lab.on("one", f"sudo sh -c '{broken}'")
    run(lab, "halt", "--only", "two")
    assert "all as it should be" in run(lab, "reset")
    assert lab.on("one", "ls work 2> /dev/null || echo gone") == "gone"
    assert boots(lab) == before
    run(lab, "verify")
    assert inside(lab, "two") == ["labkit-before-exam", "labkit-verified~2"]


def test_a_save_that_is_killed_is_mended_by_the_next_run(lab: Folder) -> None:
    ledger = lab.ssh_config.with_name("ledger.json")
    before = boots(lab)
    saving = lab.begin("snapshot", "save", "half")
    deadline = time.monotonic() + 60
    while json.loads(ledger.read_text())["snapshots"].get("half") != "saving":
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(0.1)
    saving.kill()
    saving.communicate()
    assert "half" not in snapshots(lab)
    run(lab, "start")
    for name in NAMES:
        assert inside(lab, name) == ["labkit-before-exam", "labkit-verified~2"]
    assert json.loads(ledger.read_text())["snapshots"] == {
        "before-exam": "saved",
        "verified~2": "saved",
    }
    assert boots(lab) == before


def test_a_snapshot_of_machines_that_are_off(lab: Folder) -> None:
    run(lab, "halt")
    run(lab, "snapshot", "save", "off")
    assert snapshots(lab)["off"] == {"one": "stopped", "two": "stopped"}
    run(lab, "reset")
    assert set(lab.processes()) == set(NAMES)
    run(lab, "snapshot", "restore", "off")
    assert lab.processes() == {}


def test_delete(lab: Folder) -> None:
    for name in ("off", "before-exam"):
        run(lab, "snapshot", "delete", name)
    assert list(snapshots(lab)) == ["verified"]
    assert inside(lab, "one") == ["labkit-verified~2"]
    assert lab("snapshot", "delete", "off").code == 2
