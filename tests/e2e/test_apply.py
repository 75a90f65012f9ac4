"""Plan, drift and apply in a running machine, and the way back from a change that cuts it off."""

from __future__ import annotations

import re
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import Folder, make_folder

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

NAME = "k8s-minion-01"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    folder = make_folder(tmp_path_factory.mktemp("apply") / "labkit-apply")
    # One machine is enough.
    text = (folder.path / "lab.yml").read_text()
    one = re.sub(r"(?ms)^machines:\n.*?(?=^  k8s-minion-01:)", "machines:\n", text)
    one = re.sub(r"(?ms)^  k8s-minion-02:.*?(?=^\w)", "", one)
    (folder.path / "lab.yml").write_text(one)
    run = folder("up")
    assert run.code == 0, run
    yield folder
    print(folder("destroy", "--yes"))


def test_a_machine_as_wanted_has_no_drift(lab: Folder) -> None:
    run = lab("drift")
    assert (run.code, run.out) == (0, f"{NAME}: as wanted\n"), run
    run = lab("plan", "--machines", "--format", "json")
    assert (run.code, run.document) == (0, {NAME: {"steps": []}})


def test_what_was_planned_is_what_is_done(lab: Folder) -> None:
    lab.on(NAME, "sudo sed -i 's/192.168.56.62/192.168.56.99/' /etc/hosts")
    lab.on(NAME, "sudo timedatectl set-timezone Asia/Tokyo")
    run = lab("drift")
    assert run.code == 1, run
    assert "-192.168.56.99" in run.out
    assert "+192.168.56.62" in run.out
    assert "time zone: Asia/Tokyo -> Etc/UTC" in run.out
    planned = lab("plan", "--machines", "--format", "json").document
    assert [step["kind"] for step in planned[NAME]["steps"]] == ["hosts", "time_zone"]
    run = lab("apply", "--format", "json", "--tags", "hosts")
    assert run.code == 0, run
    assert run.document[NAME]["steps"] == planned[NAME]["steps"][:1]
    run = lab("apply", "--format", "json")
    assert (run.code, run.document[NAME]["steps"]) == (0, planned[NAME]["steps"][1:])
    assert lab.on(NAME, "date +%Z") == "UTC"
    assert lab("drift").code == 0


@pytest.mark.slow
def test_verify_repairs_what_it_can_and_looks_again(lab: Folder) -> None:
    lab.on(NAME, "sudo sed -i 's/192.168.56.62/192.168.56.99/' /etc/hosts")
    # No timedatectl: its service remembers for a while what it set itself, and then does nothing.
    lab.on(NAME, "sudo ln -sfn /usr/share/zoneinfo/Europe/Paris /etc/localtime")
    run = lab("verify", "--fix", "--format", "json")
    assert run.code == 0, run
    repairs = run.document["repairs"]
    assert [each["check"] for each in repairs] == ["hosts", "time_zone"], repairs
    assert (repairs[1]["before"], repairs[1]["after"]) == ("Europe/Paris", "Etc/UTC")
    assert lab.on(NAME, "date +%Z; grep -c 192.168.56.62 /etc/hosts") == "UTC\n1"


def test_evidence_is_signed_and_what_was_changed_is_refused(
    lab: Folder, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "evidence.tar"
    run = lab("evidence", "--output", str(file))
    assert run.code == 0, run
    run = lab("evidence", "--check", str(file))
    assert run.code == 0, run
    assert "unchanged: all" in run.out
    # The hand-written way of its README says the same, without labkit.
    subprocess.run(["tar", "-xf", file, "-C", tmp_path], check=True)
    (folder,) = (each for each in tmp_path.iterdir() if each.is_dir())
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)
    content = file.read_bytes()
    good, bad = b'"ok": true', b'"ok":false'
    assert good in content
    file.write_bytes(content.replace(good, bad))
    run = lab("evidence", "--check", str(file))
    assert run.code == 1, run
    assert "report.json was changed" in run.out


def test_a_card_is_moved_and_confirmed(lab: Folder) -> None:
    lab.edit(r"hostonly: 192.168.56.62", "hostonly: 192.168.56.77")
    run = lab("apply")
    assert run.code == 0, run
    assert "192.168.56.77/24" in lab.on(NAME, "ip -4 address")
    checkpoints = (
        "busctl get-property org.freedesktop.NetworkManager /org/freedesktop/NetworkManager "
        "org.freedesktop.NetworkManager Checkpoints"
    )
    assert lab.on(NAME, f"sudo {checkpoints}") == "ao 0"
    assert lab("drift").code == 0


def test_a_change_that_cuts_the_machine_off_is_taken_back(lab: Folder) -> None:
    # QEMU forwards to the address that the machine was started with, so the new one is a dead end.
    lab.edit(r"nat: 10.0.2.62", "nat: 10.0.2.99")
    start = time.monotonic()
    run = lab("apply")
    lab.edit(r"nat: 10.0.2.99", "nat: 10.0.2.62")
    assert run.code == 1, run
    assert "cut the connection, so NetworkManager took it back after 60 s" in run.out
    assert "can the machine be reached with it?" in run.out
    assert time.monotonic() - start < 120
    assert "10.0.2.62/24" in lab.on(NAME, "ip -4 address")
    run = lab("drift")
    assert run.code == 0, run


def test_a_reboot_shows_file_runtime_and_after(lab: Folder) -> None:
    lab.on(NAME, "sudo rm /etc/sysctl.d/90-labkit-ipv6.conf")
    run = lab("verify", "--reboot", "--format", "json")
    assert run.code == 1, run
    settings = {each["subject"]: each for each in run.document["settings"]}
    ipv6 = settings["net.ipv6.conf.all.disable_ipv6"]
    assert (ipv6["wanted"], ipv6["file"], ipv6["runtime"], ipv6["after"]) == ("1", "", "1", "0")
    names = [each for name, each in settings.items() if name == "host name"]
    assert [(each["file"], each["runtime"], each["after"]) for each in names] == [(NAME,) * 3]
    run = lab("apply")
    assert run.code == 0, run
    assert lab.on(NAME, "cat /proc/sys/net/ipv6/conf/all/disable_ipv6") == "1"


def test_a_machine_that_is_off_is_said_at_once(lab: Folder) -> None:
    assert lab("halt").code == 0
    run = lab("drift")
    assert run.code == 4, run
    assert f"{NAME} of lab 'labkit-apply' is stopped" in run.out
