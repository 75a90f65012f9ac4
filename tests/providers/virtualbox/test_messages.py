"""What is said when VirtualBox or a box does not do what it should, and what to do then."""

from __future__ import annotations

import contextlib
import ipaddress
import types
from typing import TYPE_CHECKING, Self

import paramiko
import pytest

from labkit import child, errors, secret, system
from labkit.providers.virtualbox import (
    adopt,
    box_file,
    manage,
    networks,
    power,
    preflight,
    snapshot,
)
from labkit.render import boxes
from labkit.ssh import keys, session
from labkit.vagrant import Vagrant, output

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator

    from labkit.providers import virtualbox
    from tests import programs as fakes
    from tests.providers.virtualbox.conftest import Box

NUMBER = "0b1f8f5e-0000-4000-8000-000000000000"


@contextlib.contextmanager
def _said(message: str, hint: str | None = None) -> Generator[None]:
    with pytest.raises(errors.LabError) as caught:
        yield
    assert (caught.value.message, caught.value.hint or None) == (message, hint)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(power, "_POLL", 0.0)
    monkeypatch.setattr(power, "PATIENCE", 0.0)
    monkeypatch.setenv("VAGRANT_HOME", str(tmp_path / "home"))


def test_a_box_that_nobody_knows_where_to_get(tmp_path: pathlib.Path) -> None:
    with _said(
        "Vagrant has no box lab/x, and nothing says where to get it",
        "'vagrant box add', or a url for it in boxes.yml",
    ):
        box_file.ensure(boxes.Box("lab/x"), Vagrant(tmp_path, "virtualbox"), print)


def test_a_machine_that_went_off(provider: virtualbox.Provider, box: Box) -> None:
    box.say("web-01", "aborted")
    with _said(
        "web-01 has gone off in VirtualBox", "the tail of its console shows how far it came"
    ):
        provider.alive(box.lab.machine("web-01"))


def test_virtualbox_hangs(programs: fakes.Programs) -> None:
    late = child.DeadlineError("VBoxManage did not end within 120 s and was ended")
    programs.expect("VBoxManage", "list", "vms", error=late)
    with _said(
        "'VBoxManage list vms' did not end within 120 s and was ended",
        "VirtualBox's service may hang: close VirtualBox, end VBoxSVC, try again",
    ):
        manage.run("list", "vms")


def _machine(programs: fakes.Programs, state: str) -> None:
    show = ("VBoxManage", "showvminfo", NUMBER, "--machinereadable")
    programs.expect(*show, out=f'VMState="{state}"\n')
    programs.expect("VBoxManage", "list", "vms", out=f'"x" {{{NUMBER}}}\n')
    programs.expect("VBoxManage", "controlvm", NUMBER, "poweroff")
    programs.expect("VBoxManage", "unregistervm", NUMBER, "--delete")


def test_a_machine_that_does_not_go_off(programs: fakes.Programs) -> None:
    _machine(programs, "stopping")
    with _said(
        f"VirtualBox did not switch machine {NUMBER} off within 0 s",
        "end its process VBoxHeadless, then run the same task again",
    ):
        power.cut(NUMBER)


def test_a_machine_that_stays(programs: fakes.Programs) -> None:
    _machine(programs, "poweroff")
    with _said(
        f"VirtualBox still has the machine {NUMBER}",
        "close its window in VirtualBox, then run the same task again",
    ):
        power.remove(NUMBER)


def test_a_machine_that_is_removed_while_all_are_looked_at(programs: fakes.Programs) -> None:
    listed = ("VBoxManage", "list", "vms")
    programs.expect(*listed, out=f'"x" {{{NUMBER}}}\n')
    show = ("VBoxManage", "showvminfo", NUMBER, "--machinereadable")
    programs.expect(*show, status=1, err="Could not find a registered machine named 'x'")
    with _said("VirtualBox has no machine x", "somebody removed it; 'lab.up' makes it anew"):
        list(power.everything())
    programs.replace(*listed, out=f'"x" {{{NUMBER}}}\n')
    programs.expect(*listed, out="")
    assert list(power.everything()) == []


def test_a_machine_that_cannot_be_saved(
    provider: virtualbox.Provider, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "time", types.SimpleNamespace(time=lambda: 7.0))
    box.say("web-01", "poweroff")
    number = box.number("web-01")
    refused = "VBoxManage: error: VERR_DISK_FULL"
    take = ("VBoxManage", "snapshot", number, "take", "labkit-x", "--description")
    box.programs.expect(*take, "labkit 7.000 off", status=1, err=refused)
    with _said(
        "web-01 could not be saved: the disk is full",
        "make room where VirtualBox and Vagrant keep their files, then run the same task again",
    ):
        provider.save(box.lab.machine("web-01"), "x")


BUSY = "VBoxManage: error: The object is not ready"


def test_what_virtualbox_is_asked_is_asked_again_when_it_is_busy(
    programs: fakes.Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manage, "_PAUSE", 0.0)
    programs.expect("VBoxManage", "list", "vms", status=1, err=BUSY)
    programs.expect("VBoxManage", "list", "vms", out="there")
    assert manage.run("list", "vms") == "there"
    programs.replace("VBoxManage", "list", "vms", status=1, err=BUSY)
    programs.ran.clear()
    close = "close VirtualBox's window and run the same task again"
    with _said("VirtualBox's service did not answer", close):
        manage.run("list", "vms")
    assert len(programs.ran) == 4
    programs.expect("VBoxManage", "startvm", "x", status=1, err=BUSY)
    programs.ran.clear()
    with _said("VirtualBox's service did not answer", close):
        manage.run("startvm", "x")
    assert len(programs.ran) == 1, "what changes something is not done twice"


def test_a_removal_that_virtualbox_was_too_busy_for(programs: fakes.Programs) -> None:
    _machine(programs, "poweroff")
    words = ("VBoxManage", "unregistervm", NUMBER, "--delete")
    programs.replace(*words, status=1, err=BUSY)
    programs.expect(*words)
    programs.expect("VBoxManage", "list", "vms")  # the second look finds nothing
    power.remove(NUMBER)
    assert programs.ran.count(list(words)) == 2


def test_an_adapter_that_cannot_be_told_from_the_others(programs: fakes.Programs) -> None:
    programs.expect("VBoxManage", "list", "hostonlyifs")
    programs.expect("VBoxManage", "getextradata", "global", "enumerate")
    programs.expect("VBoxManage", "setextradata", "global", "labkit/making-hostonly", "[]")
    programs.expect("VBoxManage", "setextradata", "global", "labkit/making-hostonly")
    programs.expect("VBoxManage", "hostonlyif", "create")
    with _said(
        "VirtualBox does not say which host-only adapter it made",
        "'VBoxManage list hostonlyifs' shows them; remove what nobody uses",
    ):
        networks.ensure(ipaddress.IPv4Network("192.168.56.0/24"))


def test_a_driver_that_cannot_be_loaded(
    programs: fakes.Programs, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, box: Box
) -> None:
    monkeypatch.setattr(system, "is_root", lambda: True)
    said = "WARNING: The vboxdrv kernel module is not loaded.\n7.0.2\n"
    programs.replace("VBoxManage", "--version", out=said)
    programs.replace("vagrant", "--version", out="Vagrant 2.3.4")
    for words in ("list hostinfo", "list hostonlyifs", "list systemproperties"):
        programs.replace("VBoxManage", *words.split())
    wanted = preflight.Wanted(box.lab, (), {}, Vagrant(tmp_path, "virtualbox"))
    (fix,) = (each.fix for each in preflight.look(wanted) if each.fix)
    modules = ("vboxdrv", "vboxnetadp", "vboxnetflt")
    programs.expect("modprobe", "--all", *modules, status=1, err="modprobe: no vboxdrv here\n")
    with _said("the modules cannot be loaded: modprobe: no vboxdrv here"):
        fix()


class _Refusing:
    """A session whose command fails."""

    def __init__(self, where: object) -> None:
        del where

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def open(self, timeout: float) -> None:
        del timeout

    def run(self, *_: object, **__: object) -> session.Result:
        return session.Result(f"{NO_SERVER}\n", 1)


NO_SERVER = "there is no OpenSSH server: /etc/ssh is not there"


@pytest.mark.parametrize(
    ("key", "message", "hint"),
    [
        (
            "key",
            f"web-01 could not be given the lab's keys: {NO_SERVER}",
            "the box needs an OpenSSH server, systemd, and sudo without a password",
        ),
        (
            "gone",
            "Vagrant's key to web-01 is not there",
            "'lab.destroy', then 'lab.up' makes the machine anew",
        ),
    ],
)
def test_a_box_that_labkit_cannot_make_its_own(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, key: str, message: str, hint: str
) -> None:
    shown = paramiko.RSAKey.generate(1024)

    def show(machine: str, ssh: output.Ssh, timeout: float) -> paramiko.PKey:
        assert (machine, ssh.port, timeout) == ("web-01", 1, pytest.approx(5.0))
        return shown

    monkeypatch.setattr(adopt, "_shown", show)
    monkeypatch.setattr(session, "Session", _Refusing)
    (tmp_path / "key").touch()
    with _said(message, hint):
        adopt.adopt(
            "web-01",
            output.Ssh("127.0.0.1", 1, "vagrant", (tmp_path / key,)),
            user="vagrant",
            login="k",
            host=keys.KeyPair(secret.Secret("K"), "ssh-ed25519 AAAA k"),
            files=(),
            scratch=tmp_path / "scratch",
            patience=1.0,
            narrate=print,
            alive=lambda: None,
        )
    assert not (tmp_path / "scratch").exists()
