"""Each `NAME.lab.yml` in tests/cases/spec is refused with the exact words of `NAME.expect`."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = pathlib.Path(__file__).parents[1] / "cases" / "spec"
NAMES = sorted(file.name.removesuffix(".lab.yml") for file in CASES.glob("*.lab.yml"))


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("name", NAMES)
def test_case(name: str, refused: Callable[[str], str]) -> None:
    text = (CASES / f"{name}.lab.yml").read_bytes().decode()
    expected = (CASES / f"{name}.expect").read_text(encoding="utf-8")
    assert refused(text) + "\n" == expected


def test_each_expectation_has_its_file() -> None:
    assert len(NAMES) >= 170
    assert sorted(file.stem for file in CASES.glob("*.expect")) == NAMES
