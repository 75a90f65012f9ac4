"""The published JSON Schema of a report."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import hypothesis
import hypothesis.strategies as st
import jsonschema
import pytest

from labkit.report import json as json_report
from labkit.report import model, schema
from tests.report import sample

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable


@pytest.fixture(scope="session")
def faults() -> Callable[[object], list[str]]:
    """Return what the schema refuses in a document."""
    described: dict[str, Any] = json.loads(schema.generate())
    jsonschema.Draft202012Validator.check_schema(described)
    validator: Any = jsonschema.Draft202012Validator(described)
    return lambda data: [str(error.message) for error in validator.iter_errors(data)]


def test_the_committed_schema_is_the_generated_one(root: pathlib.Path) -> None:
    committed = (root / "docs" / "reference" / "report.schema.json").read_text(encoding="utf-8")
    assert committed == schema.generate(), "run: python -m labkit.report.schema > FILE"


def test_documents_of_whole_labs_fit(
    healthy: model.Report, broken: model.Report, faults: Callable[[object], list[str]]
) -> None:
    after = dataclasses.replace(broken.settings[0], after="off")
    for report in (healthy, broken, dataclasses.replace(broken, settings=(after,))):
        assert faults(json.loads(json_report.render(report))) == []
        assert faults(json.loads(json_report.render(report, sample.ABOUT))) == []


@hypothesis.given(
    st.builds(
        model.Report,
        lab=st.text(),
        results=st.lists(st.from_type(model.Result), max_size=3).map(tuple),
        settings=st.lists(st.from_type(model.Setting), max_size=3).map(tuple),
        seconds=st.floats(0, 1e9),
    )
)
@hypothesis.settings(max_examples=50, deadline=None)
def test_any_document_fits_and_reads_back(
    faults: Callable[[object], list[str]], report: model.Report
) -> None:
    document = json.loads(json_report.render(report, sample.ABOUT))
    assert faults(document) == []
    shown = [model.Result(**each) for each in document["results"]]
    assert [dataclasses.replace(each, commands=tuple(each.commands)) for each in shown] == list(
        report.results
    )
    assert [model.Setting(**each) for each in document["settings"]] == list(report.settings)


_OTHERS: dict[str, dict[str, object]] = {
    "2 was expected": {"version": 1},
    "'yes' is not of type 'boolean'": {"ok": "yes"},
    "'machine' is a required property": {"results": [{}]},
    "None is not of type 'array'": {"settings": None},
    "'finished' is a required property": {"about": {"task": "up"}},
}


@pytest.mark.parametrize("fault", _OTHERS)
def test_other_documents_do_not_fit(
    healthy: model.Report, faults: Callable[[object], list[str]], fault: str
) -> None:
    document = json.loads(json_report.render(healthy))
    assert fault in faults({**document, **_OTHERS[fault]})


def test_each_field_is_described() -> None:
    described = json.loads(schema.generate())
    shapes = {"Report": described, **described["$defs"]}
    for name, shape in shapes.items():
        assert shape["description"]
        for key, field in shape["properties"].items():
            assert "$ref" in field or field["description"], f"{name}.{key}"
