"""A simulated vCenter for each test that asks for one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from labkit.providers.vsphere import site
from tests.e2e.vsphere import building, school, vcenter

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator


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


@pytest.fixture
def make(
    simulated: vcenter.Vcenter, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., school.School]]:
    """Return what makes labs of some machines each, with what lab.yml says beyond the usual."""
    school.environment(simulated, monkeypatch)

    def labs(count: int, machines: int, **more: object) -> school.School:
        said = school.settings(simulated, **more)
        files = tuple(
            school.write(tmp_path / f"s{n:02}", f"s{n:02}", said, machines, n * machines)
            for n in range(count)
        )
        return school.School(simulated, files)

    yield labs
    site.close_all()
