"""Explanations of the default lab, without a workspace and without machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit import console, workspace
from labkit.lifecycle import context
from labkit.lifecycle import explain as explaining

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from labkit.explain import model
    from labkit.plan import model as plan


@pytest.fixture
def explain(default_lab: plan.Lab, tmp_path: pathlib.Path) -> Callable[..., model.Explanation]:
    """Return what explains machines of the default lab, or of another one, in a language."""

    def explain(
        *names: str, language: str = "en", lab: plan.Lab = default_lab
    ) -> model.Explanation:
        space = workspace.Workspace(tmp_path, lab.name)
        opened = context.Context(tmp_path, lab, space, console.Progress())
        return explaining.explain(opened, opened.choose(names), language)

    return explain
