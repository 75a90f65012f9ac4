"""The committed tutorials by hand are those that 'lab.explain' makes of the default lab."""

from __future__ import annotations

import pathlib

import pytest

from labkit.reference import _by_hand

_FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "tutorial"


@pytest.mark.parametrize("name", ["by-hand.md", "by-hand.ja.md"])
def test_the_committed_tutorial_is_the_generated_one(name: str) -> None:
    committed = (_FOLDER / name).read_text(encoding="utf-8")
    assert committed == _by_hand.pages()[name], "run: python -m labkit.reference"


def test_no_tutorial_is_there_that_nothing_makes() -> None:
    assert {file.name for file in _FOLDER.glob("by-hand*")} == set(_by_hand.pages())
