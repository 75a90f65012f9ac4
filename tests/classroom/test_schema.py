from __future__ import annotations

import json
import pathlib
from typing import Any

import jsonschema
import yaml

from labkit.classroom import schema

_ROOT = pathlib.Path(__file__).parents[2]


def test_the_committed_schema_is_the_generated_one() -> None:
    committed = (_ROOT / "docs" / "reference" / "class.schema.json").read_text(encoding="utf-8")
    assert committed == schema.generate(), "run: python -m labkit.classroom.schema > FILE"


def test_editors_accept_a_class_and_refuse_what_labkit_refuses() -> None:
    validator: Any = jsonschema.Draft202012Validator(json.loads(schema.generate()))
    good = "classroom: k8s\nstudents: {taro: {display: Taro, memory: 1 GiB}}\nhosts: {a: {}}"
    assert not list(validator.iter_errors(yaml.safe_load(good)))
    for bad in ("lab: x", "classroom: K8S", "classroom: k8s\nstudents: {T: {}}",
                "classroom: k8s\njobs: 0", "classroom: k8s\nstudents: {t: {mail: x}}"):  # fmt: skip
        assert list(validator.iter_errors(yaml.safe_load(bad))), bad
