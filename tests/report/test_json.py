"""A report for programs: a stable document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labkit.report import json as json_report
from labkit.report import model

if TYPE_CHECKING:
    import pytest


def test_document(report: model.Report) -> None:
    good: dict[str, object] = {
        "machine": "web-01", "check": "names", "subject": "address of web-02", "ok": True,
        "expected": "", "actual": "", "by_hand": "", "repair": "", "when": "", "commands": [],
        "fixable": False,
    }  # fmt: skip
    assert json.loads(json_report.render(report)) == {
        "version": 2,
        "ok": False,
        "lab": "demo",
        "results": [
            good,
            good,
            good
            | {"subject": "address of web-01", "machine": "web-02", "ok": False,
               "expected": "192.168.56.61", "by_hand": "getent hosts web-01",
               "repair": "invoke lab.apply --only web-02 --tags hosts"},
            good
            | {"machine": "web-03", "check": "answer", "subject": "answers", "ok": False,
               "actual": "web-03 is down"},
        ],
        "seconds": 1.23,
        "skipped": ["ansible"],
        "settings": [],
        "repairs": [],
        "incomplete": "",
    }  # fmt: skip


def test_what_a_machine_printed_survives(capsys: pytest.CaptureFixture[str]) -> None:
    printed = "\0\x1b[2J\u2028 <script>\ud800"
    result = model.Result("web-01", "names", "x", ok=False, actual=printed)
    text = json_report.render(model.Report("demo", (result,), 0.5))
    print(text)  # noqa: T201 - as the tasks do
    assert json.loads(capsys.readouterr().out)["results"][0]["actual"] == printed
    assert all(character.isprintable() or character == "\n" for character in text)


def test_nothing_looked_at_is_not_well() -> None:
    assert json.loads(json_report.render(model.Report("demo", (), 0.0)))["ok"] is False
