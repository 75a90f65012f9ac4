"""A lab's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit import workspace

if TYPE_CHECKING:
    import pathlib


@pytest.fixture
def space(tmp_path: pathlib.Path) -> workspace.Workspace:
    made = workspace.Workspace(tmp_path, "demo")
    made.make()
    return made
