"""`class.report` as it is typed; what it says is in tests/classroom/test_report.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable


@pytest.fixture
def room(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, labkit: Callable[..., Any]
) -> pathlib.Path:
    folder = tmp_path / "my-class"
    assert labkit("class.init", str(folder)).code == 0
    monkeypatch.chdir(folder)
    return folder


def test_a_class_that_is_not_there(room: pathlib.Path, labkit: Callable[..., Any]) -> None:
    done = labkit("class.report")
    said = "0 of 2 students verified\nreport: class-report.html\n"
    assert (done.code, done.out, done.err) == (1, said, "")
    assert "0 of 2 verified" in (room / "class-report.html").read_text(encoding="utf-8")
    done = labkit("class.report", "--format", "json", "--only", "taro", "--output", "a.xml")
    assert done.code == 1
    assert json.loads(done.out)["students"]["taro"]["state"] == "absent"
    assert "<testsuite " in (room / "a.xml").read_text(encoding="utf-8")
    assert not (room / "students").exists(), "looking makes nothing"


@pytest.mark.usefixtures("room")
def test_no_such_format(labkit: Callable[..., Any]) -> None:
    done = labkit("class.report", "--output", "a.pdf")
    assert done.err == (
        "error: 'a.pdf' says no format of a report\nhint: end its name with .html, .json or .xml\n"
    )
