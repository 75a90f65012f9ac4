"""Profiles of a folder of the test's own, for a machine of the default lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit import errors, operations
from labkit.profiles import load, shelf
from labkit.spec import words

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from labkit.plan import model
    from labkit.ssh import keyring


@pytest.fixture
def load_base(
    tmp_path: pathlib.Path,
    default_lab: model.Lab,
    make_keys: Callable[[model.Lab], keyring.Keyring],
) -> Callable[[str], tuple[load.Step, ...]]:
    """Return what loads a text as the base profile, and gives the steps that come from it."""

    def load_text(text: str) -> tuple[load.Step, ...]:
        path = tmp_path / "provision" / "base.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        machine = default_lab.machine("k8s-master-01")
        steps = load.steps(default_lab, machine, make_keys(default_lab), shelf.Shelf(tmp_path))
        return tuple(step for step in steps if step.origin.startswith(str(path)))

    return load_text


@pytest.fixture
def refused(
    tmp_path: pathlib.Path, load_base: Callable[[str], tuple[load.Step, ...]]
) -> Callable[[str], str]:
    """Return what says why a text is refused."""

    def say(text: str) -> str:
        with pytest.raises(errors.FileError) as caught:
            load_base(text)
        said = str(caught.value).replace(f"{tmp_path}/", "")
        kinds = sorted(operations.kinds())
        for every in (words.one_of(kinds), ", ".join(kinds)):
            said = said.replace(every, "(every kind)")
        return said

    return say
