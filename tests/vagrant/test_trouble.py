"""Vagrant's complaints, as it prints them, and what labkit makes of them: data in cases/vagrant."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

from labkit import errors
from labkit.vagrant import trouble

CASES = pathlib.Path(__file__).parents[1] / "cases/vagrant/troubles.yml"
CASE = yaml.safe_load(CASES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASE, ids=[each["message"] for each in CASE])
def test_a_complaint(case: dict[str, Any]) -> None:
    error = trouble.explain(["up", "web-01"], 1, case["said"])
    assert error.message == case["message"]
    assert isinstance(error, trouble.TransientError) is case.get("transient", False)
    assert error.hint


def test_each_known_trouble_has_a_case() -> None:
    said = [" ".join(each["said"].split()) for each in CASE]
    for known in trouble.known():
        assert any(trouble.first(text) is known for text in said), known.match


def test_a_long_complaint_is_cut_at_its_beginning() -> None:
    error = trouble.explain(["up"], 1, "x" * 2000 + " the end")
    assert error.message.startswith("'vagrant up' ended with status 1: ...x")
    assert error.message.endswith("x the end")


def test_silence() -> None:
    assert trouble.explain(["up"], 3, "").message == "'vagrant up' ended with status 3"


def test_an_error_is_one_of_labkits() -> None:
    assert issubclass(trouble.TransientError, errors.ProviderError)
