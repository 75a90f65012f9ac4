"""Host programs: what is missing, and when it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from labkit import errors, system

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

INSTALL = ["apt-get", "install", "-y", "--no-install-recommends"]


class Host:
    """A host whose apt-get answers with the given exit codes, one after the other."""

    def __init__(self, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.commands: list[list[str]] = []
        self.codes: list[int] = []
        self.installs: tuple[str, ...] = ()
        monkeypatch.setattr(system, "SBIN", ())
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.delenv("LAB_INSTALL", raising=False)
        monkeypatch.setattr(system, "run_apt", self.run)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
        self.add("apt-get")

    def add(self, *programs: str) -> None:
        for program in programs:
            (self.folder / program).touch(mode=0o755)

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.commands.append(list(command))
        code = self.codes.pop(0) if self.codes else 0
        if "install" in command and code == 0:
            self.add(*self.installs)
        return subprocess.CompletedProcess(command, code, stdout="reading\nE: no such package\n")


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


def test_nothing_is_run_when_all_is_there(host: Host) -> None:
    host.add("ruby", "rpm")
    system.require("ruby", "rpm")
    assert host.commands == []


def test_a_program_in_sbin_counts(
    host: Host, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sbin = tmp_path / "sbin"
    sbin.mkdir()
    (sbin / "mke2fs").touch(mode=0o755)
    monkeypatch.setattr(system, "SBIN", (str(sbin),))
    assert system.missing("mke2fs", "debugfs") == ("debugfs",)
    assert host.commands == []


def test_a_path_stands_for_a_library(host: Host, tmp_path: pathlib.Path) -> None:
    library = str(tmp_path / "library")
    assert system.missing(library) == (library,)
    (tmp_path / "library").mkdir()
    assert system.missing(library) == ()
    assert host.commands == []


def test_a_library_has_a_package() -> None:
    wanted = ("go", "/usr/share/gocode/src/github.com/vmware/govmomi")
    assert system.install_argv(wanted) == [
        *INSTALL, "golang-github-vmware-govmomi-dev", "golang-go"
    ]  # fmt: skip


def test_root_without_a_terminal_installs_and_says_so(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    host.installs = ("mke2fs", "debugfs", "qemu-img")
    system.require("mke2fs", "debugfs", "qemu-img", "apt-get")
    assert host.commands == [[*INSTALL, "e2fsprogs", "qemu-utils"]]
    assert capsys.readouterr().err == (
        "not installed: mke2fs, debugfs, qemu-img; running: "
        "apt-get install -y --no-install-recommends e2fsprogs qemu-utils\n"
    )


def test_package_lists_are_fetched_when_the_first_try_fails(host: Host) -> None:
    host.codes = [100, 0, 0]
    host.installs = ("ruby",)
    system.require("ruby")
    assert host.commands == [[*INSTALL, "ruby"], ["apt-get", "update"], [*INSTALL, "ruby"]]


def test_a_failed_installation_shows_its_end(host: Host) -> None:
    host.codes = [100, 0, 100]
    with pytest.raises(errors.LabError) as caught:
        system.require("ruby")
    assert caught.value.message == (
        "apt-get install -y --no-install-recommends ruby failed with 100; its last lines:\n"
        "    reading\n    E: no such package"
    )
    assert caught.value.hint == (
        "run it by hand; apt-get update shows whether the package mirror answers"
    )


def test_an_installation_without_the_program_is_no_success(host: Host) -> None:
    with pytest.raises(errors.LabError, match=r"^not installed: ruby$"):
        system.require("ruby")
    assert host.commands == [[*INSTALL, "ruby"]]


@pytest.mark.parametrize("answer", ["", "n", "what"])
def test_with_a_terminal_anything_but_yes_refuses(
    host: Host, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    asked: list[str] = []

    def reply(question: str) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", reply)
    with pytest.raises(errors.LabError):
        system.require("rpm")
    assert host.commands == []
    assert asked == [
        "not installed: rpm. Run apt-get install -y --no-install-recommends rpm? [y/N] "
    ]


def test_with_a_terminal_yes_installs(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: "Y")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    host.installs = ("rpm",)
    system.require("rpm")
    assert host.commands == [[*INSTALL, "rpm"]]


def test_lab_install_no_only_tells(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_INSTALL", "no")
    with pytest.raises(errors.LabError) as caught:
        system.require("qemu-system-x86_64", "newuidmap")
    assert host.commands == []
    assert caught.value.exit_code is errors.ExitCode.COULD_NOT_RUN
    assert caught.value.message == "not installed: qemu-system-x86_64, newuidmap"
    assert caught.value.hint == "apt-get install -y --no-install-recommends qemu-system-x86 uidmap"


def test_an_ordinary_user_is_told_with_sudo(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(errors.LabError) as caught:
        system.require("createrepo_c")
    assert host.commands == []
    assert caught.value.hint == "sudo apt-get install -y --no-install-recommends createrepo-c"


def test_without_apt_the_programs_are_named(host: Host) -> None:
    (host.folder / "apt-get").unlink()
    with pytest.raises(errors.LabError) as caught:
        system.require("mmdebstrap")
    assert host.commands == []
    assert caught.value.message == "not installed: mmdebstrap"
    assert caught.value.hint == "install them with this system's package manager"


def test_apt_gets_no_terminal_and_must_not_ask(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "apt-get"
    script.write_text('#!/bin/sh\necho "$1 $DEBIAN_FRONTEND"; read -r line || echo end >&2\n')
    script.chmod(0o755)
    result = system.run_apt([str(script), "update"])
    assert (result.returncode, result.stdout) == (0, "update noninteractive\nend\n")
