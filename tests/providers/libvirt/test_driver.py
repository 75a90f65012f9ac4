from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.images import store
from labkit.providers.libvirt import driver
from labkit.providers.qemu import accelerator

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = store.Image("debian-12", "d" * 64, pathlib.Path("disk"), None, None, "", "lab", "fw_cfg", 1)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Have a kernel run on KVM, or not; returns what was asked for."""

    def prepare(found: str) -> list[str]:
        asked: list[str] = []

        def choose(wanted: str, *_: object) -> str:
            asked.append(wanted)
            return found

        monkeypatch.setattr(accelerator, "choose", choose)
        return asked

    return prepare


def _choose(wanted: str) -> str:
    return driver.choose(wanted, IMAGE, lambda _: None)


def test_emulation_is_not_tried(tried: Callable[[str], list[str]]) -> None:
    asked = tried("kvm")
    assert (_choose("qemu"), asked) == ("qemu", [])


@pytest.mark.parametrize(("found", "driver"), [("kvm", "kvm"), ("tcg", "qemu")])
def test_auto_is_tried(tried: Callable[[str], list[str]], found: str, driver: str) -> None:
    tried(found)
    assert _choose("auto") == driver


def test_kvm_that_does_not_run_is_refused(tried: Callable[[str], list[str]]) -> None:
    tried("tcg")
    with pytest.raises(errors.ProviderError) as caught:
        _choose("kvm")
    assert caught.value.message == "lab.yml says driver: kvm, but no guest runs on this host's KVM"
    assert caught.value.hint == (
        "enable VT-x or AMD-V in the firmware, or set providers.libvirt.driver to auto"
    )
