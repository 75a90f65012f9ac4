"""Data: an operation's arguments and a probe's print in, changes or the exact complaint out."""

from __future__ import annotations

import base64
import collections
import dataclasses
import pathlib
from typing import Any, cast

import pydantic
import pytest
import yaml

from labkit import families, operations, secret
from labkit.operations import base, clock

_FOLDER = pathlib.Path(__file__).parents[1] / "cases" / "operations"
_FILES = sorted(_FOLDER.glob("*/*.yml"))
_OUTCOMES = {"changes", "error", "refused"}
_KEYS = {
    "why",
    "arguments",
    "now",
    "output",
    "probe",
    "hint",
    "manual",
    "see",
    "settings",
    *_OUTCOMES,
}

_KEYS_OF_BIRTH = {"given", "born"}


class _Loader(yaml.SafeLoader):
    """YAML with `!secret TEXT`."""


def _secret(loader: _Loader, node: yaml.ScalarNode) -> secret.Secret:
    return secret.Secret(str(loader.construct_scalar(node)))


_Loader.add_constructor("!secret", _secret)


def _load(file: pathlib.Path) -> dict[str, Any]:
    case = _Loader(file.read_text(encoding="utf-8")).get_single_data()
    assert isinstance(case, dict)
    return cast("dict[str, Any]", case)


def _output(case: dict[str, Any]) -> str:
    """Return the print: text, or a list of lines where `base64: TEXT` is a file as probes show."""
    output: str | list[str | dict[str, str]] = case.get("output", "")
    if isinstance(output, str):
        return output
    lines = (
        line if isinstance(line, str) else base64.b64encode(line["base64"].encode()).decode()
        for line in output
    )
    return "".join(f"{line}\n" for line in lines)


def _shown(change: base.Change) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "subject": change.subject,
        "before": change.before,
        "after": change.after,
        "commands": list(change.commands),
    }
    flags = {"reboot": change.reboot, "cuts": change.cuts}
    return shown | {name: True for name, given in flags.items() if given}


def _id(file: pathlib.Path) -> str:
    return f"{file.parent.name}/{file.stem}"


@pytest.mark.parametrize("file", _FILES, ids=_id)
def test_case(file: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = _load(file)
    monkeypatch.setattr(clock.time, "time", lambda: float(case.get("now", 0)))
    kind = operations.kinds()[file.parent.name]
    if "refused" in case:
        with pytest.raises(pydantic.ValidationError) as refusal:
            kind.model_validate(case["arguments"])
        found = [
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in refusal.value.errors()
        ]
        assert found == case["refused"]
        return
    operation = kind.model_validate(case["arguments"])
    if "probe" in case:
        assert operation.probe() == case["probe"].removesuffix("\n")
    typed: list[str] | dict[str, list[str]] = case.get("manual", {})
    for family in families.every() if typed else ():
        expected = typed if isinstance(typed, list) else typed[family.name]
        assert list(operation.manual(family)) == expected
    if "see" in case:
        assert operation.see() == case["see"]

    if "born" in case:
        born = operation.born(case.get("given", {}))
        assert [dataclasses.asdict(each) for each in born] == case["born"]
    if "settings" in case:
        found = operation.settings(operation.read(_output(case)))
        assert [dataclasses.asdict(each) for each in found] == case["settings"]
    if "error" in case:
        with pytest.raises(base.FactError) as complaint:
            operation.changes(_output(case))
        assert (complaint.value.message, complaint.value.hint) == (case["error"], case["hint"])
        return
    assert [_shown(change) for change in operation.changes(_output(case))] == case["changes"]


@pytest.mark.parametrize("file", _FILES, ids=_id)
def test_the_case_file_itself_has_no_key_that_is_never_looked_at(file: pathlib.Path) -> None:
    case = _load(file)
    assert set(case) <= _KEYS | _KEYS_OF_BIRTH
    assert len(_OUTCOMES & set(case)) == 1
    assert ("hint" in case) == ("error" in case)


def test_every_kind_has_three_cases_and_a_golden_probe() -> None:
    cases = collections.Counter(file.parent.name for file in _FILES)
    probes = {file.parent.name for file in _FILES if "probe" in _load(file)}
    assert set(cases) == probes == set(operations.kinds())
    assert min(cases.values()) >= 3


def test_every_kind_has_a_golden_text_of_what_a_person_types() -> None:
    golden = {file.parent.name for file in _FILES if "manual" in _load(file)}
    assert golden == set(operations.kinds())


def test_every_kind_has_a_golden_text_of_what_shows_it() -> None:
    golden = {file.parent.name for file in _FILES if "see" in _load(file)}
    shown = {name for name, kind in operations.kinds().items() if "see" in vars(kind)}
    assert golden == shown


def test_a_change_shows_its_commands_in_no_log() -> None:
    key = secret.Secret("the private key\n")
    operation = operations.kinds()["file"].model_validate({"path": "/root/key", "content": key})
    changes = operation.changes("")
    assert "the private key" in changes[0].commands[-1]
    assert "the private key" not in repr((operation, changes))
