"""Data: what a machine printed in, what was seen out."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from labkit import checks
from labkit.checks import base
from labkit.converge import script

if TYPE_CHECKING:
    from labkit.plan import model

_FOLDER = pathlib.Path(__file__).parents[1] / "cases" / "checks"
_FILES = sorted(_FOLDER.glob("*/*.yml"))
_DEFAULTS = {"expected": "", "actual": "", "hint": ""}


def _load(file: pathlib.Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", _FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_case(file: pathlib.Path, small: model.Lab) -> None:
    case = _load(file)
    assert set(case) <= {"why", "machine", "output", "seen", "probe"}
    machine = small.machine(case.get("machine", "ansible-01"))
    check = checks.every()[file.parent.name]
    if "probe" in case:
        assert check.probe(small, machine) == case["probe"].removesuffix("\n")
    seen = list(check.read(small, machine, script.Answer(case["output"], 0)))
    assert [dataclasses.asdict(each) for each in seen] == [
        {**_DEFAULTS, **each} for each in case["seen"]
    ]


def test_every_check_has_cases_good_and_bad() -> None:
    folders = {file.parent.name for file in _FILES}
    assert folders == set(checks.every())
    for name in folders:
        cases = [_load(file) for file in (_FOLDER / name).glob("*.yml")]
        verdicts = [all(each["ok"] for each in case["seen"]) for case in cases]
        assert {True, False} == set(verdicts), name
        assert any("probe" in case for case in cases) or name == "reach", name


@pytest.mark.parametrize("name", ["ansible", "ssh"])
def test_what_only_the_ansible_machine_is_asked(small: model.Lab, name: str) -> None:
    check = checks.every()[name]
    assert check.probe(small, small.machine("web-01")) is None


def test_ansible_and_the_mirror_are_slow() -> None:
    assert [name for name, check in checks.every().items() if check.slow] == ["ansible", "mirror"]


def test_equal_compares() -> None:
    assert base.equal("s", "a", "a") == base.Seen("s", True, "a", "a")
    assert base.equal("s", "a", "b", "h") == base.Seen("s", False, "a", "b", "h")
