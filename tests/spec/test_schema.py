from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from labkit.spec import schema

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = pathlib.Path(__file__).parents[1] / "cases" / "spec"


@pytest.fixture(scope="session")
def faults() -> Callable[[object], list[str]]:
    """Return what an editor would mark in the data of a file."""
    described: dict[str, Any] = json.loads(schema.generate())
    jsonschema.Draft202012Validator.check_schema(described)
    validator: Any = jsonschema.Draft202012Validator(described)
    return lambda data: [str(error.message) for error in validator.iter_errors(data)]


def test_the_committed_schema_is_the_generated_one(root: pathlib.Path) -> None:
    committed = (root / "docs" / "reference" / "lab.schema.json").read_text(encoding="utf-8")
    assert committed == schema.generate(), "run: python -m labkit.spec.schema > FILE"


def test_labs_fit(root: pathlib.Path, faults: Callable[[object], list[str]]) -> None:
    files = [root / "lab.yml", *sorted((root / "examples").rglob("lab.yml"))]
    assert len(files) >= 2
    for file in files:
        assert faults(yaml.safe_load(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "name",
    [
        "accel-choice",
        "cpus-many",
        "cpus-zero",
        "dns-servers",
        "lab-capital",
        "lab-long",
        "list-of-text",
        "machine-long",
        "machine-underscore",
        "memory-bare",
        "missing-address",
        "no-machines",
        "null-value",
        "package-option",
        "port-low",
        "profile-path",
        "provider-unknown",
        "role-unknown",
        "role-unknown-settings",
        "subnet-mask",
        "sysctl-slash",
        "sysctl-value-bool",
        "unknown-key",
        "unknown-key-top",
        "zone-path",
    ],
)
def test_editors_refuse_the_same(
    name: str, faults: Callable[[object], list[str]], refused: Callable[[str], str]
) -> None:
    text = (CASES / f"{name}.lab.yml").read_text(encoding="utf-8")
    assert refused(text)
    assert faults(yaml.safe_load(text))


def test_each_key_is_described() -> None:
    described = json.loads(schema.generate())
    for shape in (described, *described["$defs"].values()):
        assert shape["description"]
        assert [
            key for key, value in shape["properties"].items() if "description" not in value
        ] == []
