from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import child, errors
from labkit.providers.libvirt import virsh

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REACH = (
    "start it ('sudo systemctl start libvirtd'), and see that you may use it ('sudo usermod "
    "--append --groups libvirt USER', then log in again)"
)


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Sequence[str]]]:
    """Have virsh say something; returns the argument lists that it gets."""

    def prepare(out: str = "", err: str = "", status: int = 0) -> list[Sequence[str]]:
        asked: list[Sequence[str]] = []

        def run(argv: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
            asked.append(argv)
            return subprocess.CompletedProcess(argv, status, out, err)

        monkeypatch.setattr(child, "run", run)
        return asked

    return prepare


def test_asks_the_system_s_libvirt(says: Callable[..., list[Sequence[str]]]) -> None:
    asked = says(out="k8s-foreign\n")
    assert virsh.run("list", "--all", "--name") == "k8s-foreign\n"
    start = ["virsh", "--quiet", "--connect", "qemu:///system"]
    assert asked == [[*start, "list", "--all", "--name"]]


def test_several_commands_are_one_process(says: Callable[..., list[Sequence[str]]]) -> None:
    asked = says()
    virsh.batch([["dumpxml", "a"], ["dumpxml", "b c"]])
    assert asked[0][-1] == "dumpxml a; dumpxml 'b c'"


def test_one_of_several_commands_has_failed(says: Callable[..., list[Sequence[str]]]) -> None:
    # The status is the last one's.
    says(out="<domain/>", err="error: failed to get domain 'a'\n")
    with pytest.raises(errors.ProviderError) as caught:
        virsh.batch([["dumpxml", "a"], ["dumpxml", "b"]])
    assert caught.value.message == "libvirt refused 'dumpxml': failed to get domain 'a'"
    assert caught.value.hint == "the full command is in the log"


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (
            "error: failed to connect to the hypervisor\nerror: Failed to connect socket\n",
            "libvirt does not answer: Failed to connect socket",
            REACH,
        ),
        (
            "error: Failed to create vol a\nerror: cannot fill 'a': No space left on device\n",
            "libvirt's disk is full: cannot fill 'a': No space left on device",
            "'virsh pool-list --details' shows where its volumes are; make room there",
        ),
        (
            "error: Failed to start domain 'a'\nerror: internal error: odd\n",
            "libvirt refused 'start': internal error: odd",
            "the full command is in the log",
        ),
        ("", "libvirt refused 'start': it says nothing", "the full command is in the log"),
    ],
)
def test_complaints_are_sentences(
    says: Callable[..., list[Sequence[str]]], said: str, message: str, hint: str
) -> None:
    says(err=said, status=1)
    with pytest.raises(errors.ProviderError) as caught:
        virsh.run("start", "a")
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_libvirt_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> None:
        raise errors.LabError("virsh did not end within 60 s and was ended")

    monkeypatch.setattr(child, "run", hang)
    with pytest.raises(errors.ProviderError) as caught:
        virsh.run("list")
    assert caught.value.message == (
        "libvirt does not answer: virsh did not end within 60 s and was ended"
    )
    assert caught.value.hint == REACH


def test_what_has_gone_between_two_questions_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(virsh, "_PAUSE", 0.0)
    answers = [errors.ProviderError("no domain of that name")] * 2

    def ask() -> str:
        if answers:
            raise answers.pop()
        return "there"

    assert virsh.steady(ask) == "there"
    answers += [errors.ProviderError("no domain of that name")] * 9
    with pytest.raises(errors.ProviderError, match="no domain of that name"):
        virsh.steady(ask)
    assert len(answers) == 4


def test_a_libvirt_that_is_gone_is_asked_once() -> None:
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        raise virsh.GoneError("libvirt does not answer")

    with pytest.raises(virsh.GoneError):
        virsh.steady(ask)
    assert asked == [1]
