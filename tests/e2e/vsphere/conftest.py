"""A simulated vCenter for each test that asks for one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from tests.e2e.vsphere import building, vcenter

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


@pytest.fixture(scope="module", autouse=True)
def programs() -> None:
    """Skip where the simulator cannot be built."""
    needed = _needed()
    if needed:
        pytest.skip(needed)


@functools.cache
def _needed() -> str:
    return building.missing()


@pytest.fixture
def simulated(tmp_path: pathlib.Path) -> Iterator[vcenter.Vcenter]:
    """Run a vCenter with one template, `debian-12`."""
    folder = tmp_path / "vcenter"
    folder.mkdir()
    with vcenter.running(folder) as running:
        running.template()
        yield running
