"""One machine of the default lab, and an image that is only names."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import pytest

from labkit.images import store

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.plan import model


@pytest.fixture
def machine(default_lab: model.Lab) -> model.Machine:
    return default_lab.machine("ansible-01")


@pytest.fixture
def image() -> Callable[..., store.Image]:
    """Return what makes an image, with a kernel beside it or with a loader of its own."""

    def make(*, loader: bool = False) -> store.Image:
        cache = pathlib.Path("/cache")
        return store.Image(
            name="debian-12",
            digest="d" * 64,
            disk=cache / "disk.qcow2",
            kernel=None if loader else cache / "vmlinuz",
            initrd=None if loader else cache / "initrd",
            kernel_args="" if loader else "root=LABEL=root ro",
            user="labkit",
            seed="nocloud" if loader else "fw_cfg",
            size=1,
        )

    return make
