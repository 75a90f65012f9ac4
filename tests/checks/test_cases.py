"""Data: what a machine printed in, what was seen out."""

from __future__ import annotations

import dataclasses
import pathlib
import time
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml

from labkit import checks
from labkit.checks import base
from labkit.converge import script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.plan import model

_FOLDER = pathlib.Path(__file__).parents[1] / "cases" / "checks"
_FILES = sorted(_FOLDER.glob("*/*.yml"))
_DEFAULTS = {"expected": "", "actual": "", "by_hand": "", "repair": ""}


def _load(file: pathlib.Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", _FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_case(file: pathlib.Path, small: model.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    case = _load(file)
    assert set(case) <= {"why", "machine", "now", "output", "outputs", "seen", "probe"}
    if "now" in case:
        monkeypatch.setattr(time, "time", lambda: case["now"])
    machine = small.machine(case.get("machine", "ansible-01"))
    check = checks.every()[file.parent.name]
    if "probe" in case:
        assert check.probe(small, machine) == case["probe"].removesuffix("\n")
    if isinstance(check, base.Compared):
        seen = _compared(cast("base.AnyCompared", check), small, case["outputs"])
    else:
        answer = script.Answer(case["output"], 0)
        seen = [dataclasses.asdict(each) for each in check.read(small, machine, answer)]
    assert seen == [{**_DEFAULTS, **each} for each in case["seen"]]


def _compared(
    check: base.AnyCompared, lab: model.Lab, outputs: Mapping[str, str]
) -> list[dict[str, Any]]:
    answers = {name: script.Answer(output, 0) for name, output in outputs.items()}
    for name, answer in answers.items():
        assert list(check.read(lab, lab.machine(name), answer)) == []
    facts = {name: check.fact(lab.machine(name), answer) for name, answer in answers.items()}
    return [
        {"machine": name, **dataclasses.asdict(each)} for name, each in check.across(lab, facts)
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


def test_the_mirror_is_slow() -> None:
    assert [name for name, check in checks.every().items() if check.slow] == ["mirror"]


def test_equal_compares() -> None:
    assert base.equal("s", "a", "a") == base.Seen("s", True, "a", "a")
    assert base.equal("s", "a", "b", "h", "r") == base.Seen("s", False, "a", "b", "h", "r")


def test_apply_names_the_task_that_repairs() -> None:
    assert base.apply("web-01") == "'lab.apply --only web-01'"
    assert base.apply("web-01", "hosts") == "'lab.apply --only web-01 --tags hosts'"
    assert base.apply("a", "ssh", "b") == "'lab.apply --only a --only b --tags ssh'"
