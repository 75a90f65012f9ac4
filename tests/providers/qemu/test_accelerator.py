"""Whether guests run on this host's KVM: tried once with a QEMU of the test's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import pytest

from labkit import errors
from labkit.providers.qemu import accelerator

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from labkit.images import store


class Host:
    """A host with a /dev/kvm and a QEMU that works, hangs or fails; counts how often it ran."""

    def __init__(self, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log = folder / "log"
        self.cache = folder / "cache"
        self._program = folder / "bin" / "qemu-system-x86_64"
        self._program.parent.mkdir()
        self.cache.mkdir()
        self.device = folder / "kvm"
        self.device.touch()
        self.told: list[str] = []
        monkeypatch.setenv("PATH", str(self._program.parent), prepend=":")
        monkeypatch.setenv("LAB_CACHE", str(self.cache))
        monkeypatch.setattr(accelerator, "_DEVICE", self.device)
        monkeypatch.setattr(accelerator, "_PATIENCE", 60.0)

    def qemu(self, does: str) -> None:
        self._program.write_text(f'#!/bin/sh\necho "$@" >> "{self.log}"\n{does}\n')
        self._program.chmod(0o755)

    @property
    def tries(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


def test_a_guest_that_runs(host: Host, image: Callable[..., store.Image]) -> None:
    host.qemu("exit 0")
    assert accelerator.choose("auto", image(), host.told.append) == "kvm"
    assert host.told == [f"trying whether a guest really runs on {host.device}", "KVM works"]
    (words,) = host.tries
    assert "-accel kvm " in words
    assert "-kernel /cache/vmlinuz -initrd /cache/initrd" in words


@pytest.mark.parametrize("does", ["exec sleep 90", "exit 1"])
def test_a_guest_that_does_not(
    host: Host,
    image: Callable[..., store.Image],
    monkeypatch: pytest.MonkeyPatch,
    does: str,
) -> None:
    host.qemu(does)
    monkeypatch.setattr(accelerator, "_PATIENCE", 0.5)
    start = time.monotonic()
    assert accelerator.choose("auto", image(), host.told.append) == "tcg"
    assert time.monotonic() - start < 30
    assert host.told[-1] == "KVM does not work: machines are emulated (TCG), which is slower"


@pytest.mark.parametrize(("does", "verdict"), [("exit 0", "kvm"), ("exit 1", "tcg")])
def test_the_verdict_is_kept(
    host: Host, image: Callable[..., store.Image], does: str, verdict: str
) -> None:
    host.qemu(does)
    for _ in range(3):
        assert accelerator.choose("auto", image(), host.told.append) == verdict
    assert len(host.tries) == 1
    assert len(host.told) == 2


def test_another_boot_of_the_host_is_another_try(
    host: Host, image: Callable[..., store.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.qemu("exit 1")
    assert accelerator.choose("auto", image(), host.told.append) == "tcg"
    host.qemu("exit 0")
    monkeypatch.setattr(psutil, "boot_time", lambda: 1.0)
    assert accelerator.choose("auto", image(), host.told.append) == "kvm"


@pytest.mark.parametrize("content", ["", "rubbish", "a b works c", "\n"])
def test_a_verdict_that_cannot_be_read_is_another_try(
    host: Host, image: Callable[..., store.Image], content: str
) -> None:
    host.qemu("exit 0")
    (host.cache / "kvm").write_text(content)
    assert accelerator.choose("auto", image(), host.told.append) == "kvm"
    assert len(host.tries) == 1


def test_tcg_tries_nothing(host: Host, image: Callable[..., store.Image]) -> None:
    host.qemu("exit 0")
    assert accelerator.choose("tcg", image(), host.told.append) == "tcg"
    assert (host.tries, host.told) == ([], [])


def test_no_device(host: Host, image: Callable[..., store.Image]) -> None:
    host.device.unlink()
    assert accelerator.choose("auto", image(), host.told.append) == "tcg"
    assert host.told == [
        f"no access to {host.device}: machines are emulated (TCG), which is slower"
    ]


def test_an_image_without_a_kernel(host: Host, image: Callable[..., store.Image]) -> None:
    assert accelerator.choose("auto", image(loader=True), host.told.append) == "tcg"
    assert host.told == ["the image has no kernel to try KVM with: machines are emulated (TCG)"]


def test_who_insists_on_kvm_is_refused(host: Host, image: Callable[..., store.Image]) -> None:
    host.qemu("exit 1")
    with pytest.raises(errors.ProviderError) as caught:
        accelerator.choose("kvm", image(), host.told.append)
    assert caught.value.message == ("lab.yml says accel: kvm, but no guest runs on this host's KVM")
    assert caught.value.hint == (
        "enable VT-x or AMD-V in the firmware, or set providers.qemu.accel to auto"
    )
