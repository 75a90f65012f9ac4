"""The default lab on libvirt, and whose it is."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING

import pytest

from labkit.workspace import registry

if TYPE_CHECKING:
    from labkit.plan import model


@pytest.fixture
def lab(default_lab: model.Lab) -> model.Lab:
    return dataclasses.replace(default_lab, provider="libvirt", provider_options={})


@pytest.fixture
def entry(lab: model.Lab) -> registry.Entry:
    return registry.Entry(pathlib.Path("/srv/A & B's <lab>"), lab.name)
