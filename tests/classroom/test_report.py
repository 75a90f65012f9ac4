"""The class's one report: from labs' last reports, which lie in folders that may hold anything."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from labkit import workspace
from labkit.classroom import begin, load, plan, render, report, standing
from labkit.providers import base
from labkit.report import about as abouts
from labkit.report import json as json_report
from labkit.report import model

if TYPE_CHECKING:
    import pathlib

ABOUT = abouts.About("class.report", "2026-01-31T09:30:00Z", "0.1", "3.11", "Linux", "qemu")
_HOSTILE = "</td><script>alert(1)</script>\x1b[31m\u202e"
_BAD = model.Result("ansible-01", "file", "/etc/motd", ok=False, expected="hello", actual=_HOSTILE)
_GOOD = model.Result("ansible-01", "hostname", "name", ok=True)


@pytest.fixture
def room(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> plan.Classroom:
    """A class whose machines all run, as far as anybody can see, and were verified."""
    folder = begin.begin(tmp_path / "my-class")
    with (folder / "roster.csv").open("a", encoding="utf-8") as file:
        file.write('eve,"Eve <b>",eve@example.org\n')
    found = load.load(folder / "class.yml")

    def look(room: plan.Classroom, students: tuple[plan.Student, ...]) -> object:
        states = {each.name: base.State.RUNNING for each in room.labs["taro"].machines}
        return {each.name: standing.Standing(states, verified=True) for each in students}

    monkeypatch.setattr(standing, "look", look)
    return found


def _write(room: plan.Classroom, student: str, *results: model.Result, why: str = "") -> None:
    space = standing.space(room, room.choose([student])[0])
    space.make()
    found = model.Report(space.lab, results, 1.0, incomplete=why)
    workspace.write(space.path / "report.json", json_report.render(found, ABOUT))
    workspace.write(space.path / "report.html", "<p>the lab's own report</p>")


def _rows(room: plan.Classroom) -> dict[str, report.Row]:
    return {row.student: row for row in report.rows(room, room.students)}


def _whole(room: plan.Classroom) -> render.Report:
    return render.Report(room.name, report.rows(room, room.students), ABOUT)


def test_what_the_last_look_found_counts(room: plan.Classroom) -> None:
    _write(room, "taro", _GOOD, _BAD)
    _write(room, "hanako", _GOOD)
    found = _rows(room)
    assert {name: row.state for name, row in found.items()} == {
        "eve": "verified",
        "hanako": "verified",
        "taro": "broken",
    }
    assert found["taro"].first.startswith("ansible-01: /etc/motd (file) is </td>")
    assert found["hanako"].finished == "2026-01-31T09:30:00Z"
    assert not _whole(room).ok


def test_a_look_that_did_not_come_to_its_end(room: plan.Classroom) -> None:
    _write(room, "taro", _GOOD, why="interrupted")
    assert (_rows(room)["taro"].state, _rows(room)["taro"].first) == ("broken", "interrupted")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "[" * 100_000, '{"ok": true, "results": 7}', '{"results": [1, {}]}']
)
def test_a_folder_may_hold_anything(room: plan.Classroom, text: str) -> None:
    _write(room, "taro", _GOOD)
    (standing.space(room, room.students[-1]).path / "report.json").write_text(text)
    assert _whole(room).rows[-1].student == "taro"
    for way in render.FORMATS.values():
        assert way(_whole(room), room.folder / "class-report.html")


def test_the_page(room: plan.Classroom) -> None:
    _write(room, "taro", _GOOD, *[dataclasses.replace(_BAD, subject=f"/{n}") for n in range(20)])
    text = render.FORMATS[".html"](_whole(room), room.folder / "out.html")
    assert text.count("<tr class=") == 3
    assert text.index('<tr class="broken"') < text.index('<tr class="verified"')
    assert "2 of 3 verified" in text
    assert "Eve &lt;b&gt;" in text
    assert "<script>alert" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<summary>20 failed</summary>" in text
    assert "and 8 more" in text
    assert 'href="students/taro/.lab/my-class--taro/report.html"' in text


def test_for_programs(room: plan.Classroom) -> None:
    _write(room, "taro", _GOOD, _BAD)
    found = json.loads(render.FORMATS[".json"](_whole(room), room.folder / "out.json"))
    assert (found["version"], found["class"], found["ok"]) == (1, "my-class", False)
    taro = found["students"]["taro"]
    assert (taro["state"], taro["total"], taro["failed"]) == ("broken", 2, 1)
    assert taro["failures"][0]["actual"] == _HOSTILE
    root = ET.fromstring(render.FORMATS[".xml"](_whole(room), room.folder / "out.xml"))  # noqa: S314 - ours
    suites = {each.get("name"): each for each in root}
    assert sorted(filter(None, suites)) == ["eve", "hanako", "taro"]
    assert suites["taro"].get("tests") == "3"
    assert suites["taro"].get("failures") == "2"
    assert suites["eve"].get("failures") == "0"
