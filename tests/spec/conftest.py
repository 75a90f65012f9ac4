"""What all tests of the spec share."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import pytest
import yaml

from labkit import errors
from labkit.spec import host, load, syntax

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = host.Host(memory_mib=8192, cpus=4)
IMAGES = ("almalinux-9", "debian-12")
DISKS = {"debian-12": 4}
LOADERS = sorted({syntax.LOADER, yaml.SafeLoader}, key=lambda loader: loader.__name__)


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test with libyaml, if PyYAML has it, and without."""
    monkeypatch.setattr(syntax, "LOADER", request.param)


@pytest.fixture(scope="session")
def parse() -> Callable[[str], load.Spec]:
    """Return the parser with a host and images that do not change."""
    return lambda text: load.parse(text, "lab.yml", HOST, images=IMAGES, disks=DISKS)


@pytest.fixture
def refused(parse: Callable[[str], load.Spec]) -> Callable[[str], str]:
    """Return what says why a text is refused."""

    def say(text: str) -> str:
        with pytest.raises(errors.FileError) as caught:
            parse(text)
        return str(caught.value)

    return say


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """Return the top of the repository."""
    return pathlib.Path(__file__).parents[2]
