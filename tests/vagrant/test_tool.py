"""Vagrant as labkit runs it; the fake refuses every argv that was not announced."""

from __future__ import annotations

import os
import pathlib
import stat
from typing import TYPE_CHECKING

import pytest

from labkit import child, errors
from labkit.vagrant import Vagrant, output, tool

if TYPE_CHECKING:
    from tests import programs as fakes

UP = ("vagrant", "up", "web-01", "--no-provision", "--provider=virtualbox")
LOCKED = "VBoxManage: error: The machine 'x' is already locked for a session (or being unlocked)"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def vagrant(tmp_path: pathlib.Path, told: list[str]) -> Vagrant:
    return Vagrant(tmp_path, "virtualbox", told.append)


def test_an_argv_that_was_not_announced_fails(vagrant: Vagrant, programs: fakes.Programs) -> None:
    programs.expect(*UP)
    with pytest.raises(AssertionError, match="not announced"):
        vagrant.up("web-02")


def test_up_runs_in_the_folder_with_a_limit_and_the_experimental_disks(
    vagrant: Vagrant,
    programs: fakes.Programs,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VAGRANT_EXPERIMENTAL", "typed_triggers,disks")
    programs.expect(*UP)
    vagrant.up("web-01")
    assert programs.folders == [tmp_path]
    assert programs.timeouts == [tool.PATIENCE["up"]]
    assert programs.environments == [
        {
            "VAGRANT_CWD": str(tmp_path),
            "VAGRANT_VAGRANTFILE": "Vagrantfile",
            "VAGRANT_DOTFILE_PATH": str(tmp_path / ".vagrant"),
            "VAGRANT_DEFAULT_PROVIDER": "virtualbox",
            "VAGRANT_EXPERIMENTAL": "typed_triggers,disks",
            "VAGRANT_CHECKPOINT_DISABLE": "1",
            "VAGRANT_BOX_UPDATE_CHECK_DISABLE": "1",
            "VAGRANT_NO_COLOR": "1",
        }
    ]


def test_what_goes_away_by_itself_is_tried_once_more(
    vagrant: Vagrant, programs: fakes.Programs, told: list[str]
) -> None:
    programs.expect(*UP, status=1, err=LOCKED)
    programs.expect(*UP)
    vagrant.up("web-01")
    assert programs.ran == [list(UP), list(UP)]
    assert told == ["web-01: VirtualBox has the machine locked; trying it once more"]


def test_what_stays_is_not_tried_a_third_time(vagrant: Vagrant, programs: fakes.Programs) -> None:
    programs.expect(*UP, status=1, err=LOCKED)
    with pytest.raises(errors.ProviderError) as caught:
        vagrant.up("web-01")
    assert caught.value.message == "VirtualBox has the machine locked"
    assert len(programs.ran) == 2


def test_what_nobody_knows_is_shown_and_not_tried_again(
    vagrant: Vagrant, programs: fakes.Programs
) -> None:
    programs.expect(*UP, status=255, err="==> web-01: Something\n   new\n")
    with pytest.raises(errors.ProviderError) as caught:
        vagrant.up("web-01")
    assert caught.value.message == (
        "'vagrant up web-01 --no-provision --provider=virtualbox' ended with status 255: "
        "==> web-01: Something new"
    )
    assert caught.value.hint == ("the last line above is its own; the full command is in the log")
    assert len(programs.ran) == 1


def test_no_vagrant(vagrant: Vagrant, programs: fakes.Programs) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        vagrant.version()
    assert caught.value.message == "Vagrant is not installed"
    assert caught.value.hint == ("install it: https://developer.hashicorp.com/vagrant/install")
    assert programs.ran == []


def test_a_vagrant_that_hangs_is_ended(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "vagrant"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(child, "GRACES", tuple((name, 0.5) for name, _ in child.GRACES))
    with pytest.raises(errors.ProviderError) as caught:
        Vagrant(tmp_path, "virtualbox", patience={"halt": 0.2}).halt("web-01")
    assert caught.value.message == "'vagrant halt web-01' did not end within 0 s and was ended"
    assert caught.value.hint == (
        "another Vagrant may hold the machine, or the host is too busy; what was made is kept, so "
        "run the same task again"
    )


def test_halt_and_destroy(vagrant: Vagrant, programs: fakes.Programs) -> None:
    programs.expect("vagrant", "halt", "web-01")
    programs.expect("vagrant", "halt", "web-01", "--force")
    programs.expect("vagrant", "destroy", "web-01", "--force")
    vagrant.halt("web-01")
    vagrant.halt("web-01", force=True)
    vagrant.destroy("web-01")
    assert len(programs.ran) == 3


def test_states(vagrant: Vagrant, programs: fakes.Programs) -> None:
    said = "1700000000,web-01,state,running\n1700000000,web-02,state,not_created\n"
    programs.expect("vagrant", "status", "--machine-readable", out=said)
    assert vagrant.states() == {"web-01": "running", "web-02": "not_created"}


def test_ssh_of_several_machines_is_one_call(vagrant: Vagrant, programs: fakes.Programs) -> None:
    said = (
        "Host web-01\n  HostName 127.0.0.1\n  User vagrant\n  Port 2222\n"
        '  IdentityFile "/a b/key"\n\nHost web-02\n  HostName 127.0.0.1\n  User root\n'
    )
    programs.expect("vagrant", "ssh-config", "web-01", "web-02", out=said)
    assert vagrant.ssh(["web-01", "web-02"]) == {
        "web-01": output.Ssh("127.0.0.1", 2222, "vagrant", (pathlib.Path("/a b/key"),)),
        "web-02": output.Ssh("127.0.0.1", 22, "root", ()),
    }
    assert vagrant.ssh([]) == {}
    assert len(programs.ran) == 1


def test_boxes(vagrant: Vagrant, programs: fakes.Programs) -> None:
    add = ("vagrant", "box", "add", "--provider", "virtualbox")
    digest = ("--checksum-type", "sha256", "--checksum", "a" * 64)
    programs.expect(*add, *digest, "--name", "lab/x", "https://example.com/x.box")
    programs.expect(*add, "--name", "lab/y", "file:///y.box")
    said = (
        "1,,box-name,lab/x\n1,,box-provider,virtualbox\n1,,box-version,0\n"
        "1,,box-name,lab/y\n1,,box-provider,libvirt\n"
    )
    programs.expect("vagrant", "box", "list", "--machine-readable", out=said)
    vagrant.add_box("lab/x", "https://example.com/x.box", "a" * 64)
    vagrant.add_box("lab/y", "file:///y.box", None)
    assert vagrant.boxes() == {"lab/x"}


def test_a_download_that_breaks_is_tried_once_more(
    vagrant: Vagrant, programs: fakes.Programs, told: list[str]
) -> None:
    words = ("vagrant", "box", "add", "--provider", "virtualbox", "--name", "lab/y", "https://y")
    broke = (
        "An error occurred while downloading the remote file. The error\nmessage, if any, is "
        "reproduced below. Please fix this error and try\nagain.\n\nOperation timed out"
    )
    programs.expect(*words, status=1, err=broke)
    programs.expect(*words)
    vagrant.add_box("lab/y", "https://y", None)
    assert told == [
        "box lab/y: the box could not be fetched: Operation timed out; trying it once more"
    ]


def test_snapshots_are_of_one_machine(vagrant: Vagrant, programs: fakes.Programs) -> None:
    listed = "1,web-01,ui,output,==> web-01: \n1,web-01,ui,detail,one\n1,web-01,ui,detail,two\n"
    snapshot = ("vagrant", "snapshot")
    programs.expect(*snapshot, "list", "web-01", "--machine-readable", out=listed)
    programs.expect(*snapshot, "save", "web-01", "one")
    programs.expect(*snapshot, "restore", "web-01", "one", "--no-provision")
    programs.expect(*snapshot, "restore", "web-01", "one", "--no-provision", "--no-start")
    programs.expect(*snapshot, "delete", "web-01", "one")
    vagrant.snapshot_save("web-01", "one")
    vagrant.snapshot_restore("web-01", "one", start=True)
    vagrant.snapshot_restore("web-01", "one", start=False)
    vagrant.snapshot_delete("web-01", "one")
    assert vagrant.snapshots("web-01") == ["one", "two"]


def test_the_version(vagrant: Vagrant, programs: fakes.Programs) -> None:
    programs.expect("vagrant", "--version", out="Vagrant 2.3.8.dev\n")
    assert vagrant.version() == (2, 3, 8)
