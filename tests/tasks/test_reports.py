"""`lab.graph`, `lab.verify --output`, and the report that `up` and `verify` keep."""

from __future__ import annotations

import json
import pathlib
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from labkit import errors
from labkit.lifecycle import up
from labkit.lifecycle import verify as verifying
from labkit.report import draft as drafts
from labkit.report import model as reports

if TYPE_CHECKING:
    from collections.abc import Callable

_REPORT = reports.Report("demo", (reports.Result("ansible-01", "names", "x", ok=True),), 0.5)
_KEPT = pathlib.Path(".lab")


def _kept(name: str) -> str:
    return f"report: {_KEPT / name / 'report.html'}\n"


# graph


def test_a_graph_is_printed(labkit: Callable[..., Any], here: pathlib.Path, name: str) -> None:
    done = labkit("graph")
    assert (done.code, done.err) == (0, "")
    tree = ET.fromstring(done.out.encode())  # noqa: S314 - our own document
    assert (tree[0].text or "").startswith(f"Lab {name}: 4 machines")
    assert done.out.count("as planned") > 4
    assert not (here / ".lab").exists()
    mermaid = labkit("graph", "--format", "mermaid")
    assert mermaid.out.startswith("flowchart TB\n    net_nat([")
    assert len(mermaid.out.splitlines()) == 1 + 2 + 4 + 8


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (("--output", "x.svg"), "<svg "),
        (("--output", "x.MMD"), "flowchart TB\n"),
        (("--output", "x"), "<svg "),
        (("--output", "x.svg", "--format", "mermaid"), "flowchart TB\n"),
    ],
)
def test_a_graph_is_written(
    labkit: Callable[..., Any], here: pathlib.Path, words: tuple[str, ...], start: str
) -> None:
    done = labkit("graph", *words)
    assert (done.code, done.out, done.err) == (0, f"{words[1]}\n", "")
    assert (here / words[1]).read_text(encoding="utf-8").startswith(start)


@pytest.mark.usefixtures("here")
def test_graphs_have_formats_of_their_own(
    labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_FORMAT", "json")
    assert labkit("graph").out.startswith("<svg ")
    done = labkit("graph", "--format", "png")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: there is no format 'png'\nhint: formats are svg and mermaid\n"


# verify


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> None:
    def verify(*_: object, reboot: bool, fix: bool, draft: object) -> reports.Report:
        assert not reboot
        assert not fix
        assert draft
        return _REPORT

    monkeypatch.setattr(verifying, "verify", verify)


@pytest.mark.usefixtures("verified")
def test_verify_writes_what_is_asked_for_and_keeps_the_last_report(
    labkit: Callable[..., Any], here: pathlib.Path, name: str
) -> None:
    done = labkit("verify", "--output", "r.html", "--output", "r.json", "--output", "r.xml",
                  "--output", "r.txt")  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(f"1 looked at in 0.5 s: all as it should be\n{_kept(name)}")
    folder = here / ".lab" / name
    assert {path.name for path in folder.glob("report.*")} == {"report.html", "report.json"}
    # The two differ in when they say the run finished, at most.
    asked = json.loads((here / "r.json").read_text())
    kept = json.loads((folder / "report.json").read_text())
    assert {**asked, "about": 0} == {**kept, "about": 0}
    assert asked["about"]["task"] == "verify"
    assert (here / "r.html").read_text().startswith("<!DOCTYPE html>")
    assert "<testsuites>" in (here / "r.xml").read_text()
    assert "1 looked at" in (here / "r.txt").read_text()


@pytest.mark.usefixtures("verified", "here")
def test_json_on_stdout_stays_one_document(labkit: Callable[..., Any]) -> None:
    done = labkit("verify", "--format", "json", "--output", "r.html")
    assert (done.code, done.err, json.loads(done.out)["ok"]) == (0, "", True)


@pytest.mark.usefixtures("verified")
def test_a_format_that_is_not_is_refused_before_anything(
    labkit: Callable[..., Any], here: pathlib.Path
) -> None:
    done = labkit("verify", "--output", "r.html", "--output", "r.pdf")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: 'r.pdf' says no format of a report\n"
        "hint: end its name with .html, .json, .xml or .txt\n"
    )
    assert {path.name for path in here.iterdir()} == {"lab.yml"}


def test_a_report_is_written_whatever_happened(
    labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, here: pathlib.Path
) -> None:
    def verify(*_: object, draft: object, **__: bool) -> reports.Report:
        assert draft
        raise errors.UnreachableError("the monitor is gone", hint="look")

    monkeypatch.setattr(verifying, "verify", verify)
    done = labkit("verify", "--output", "r.xml", "--output", "r.html", "--only", "ansible-01")
    assert (done.code, done.out, done.err) == (
        4, "", "error: the monitor is gone\nhint: look\n",
    )  # fmt: skip
    (suite,) = ET.fromstring((here / "r.xml").read_text())  # noqa: S314 - our own document
    assert (suite.get("name"), suite.get("failures")) == ("ansible-01", "1")
    assert "the monitor is gone" in (here / "r.html").read_text()


def test_what_was_seen_is_kept_also_when_the_run_is_interrupted(
    labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, here: pathlib.Path, name: str
) -> None:
    def verify(*_: object, draft: drafts.Draft, **__: bool) -> reports.Report:
        draft.begun = True
        draft.add("ansible-01", "", _REPORT.results)
        raise KeyboardInterrupt

    monkeypatch.setattr(verifying, "verify", verify)
    done = labkit("verify", "--output", "r.json", "--output", "r.txt")
    assert (done.code, done.out) == (130, "")
    for file in (here / "r.json", here / ".lab" / name / "report.json"):
        document = json.loads(file.read_text())
        assert (document["incomplete"], document["ok"]) == ("interrupted", False)
        assert [each["ok"] for each in document["results"]] == [True, False, False, False]
    assert "not everything was looked at: interrupted\n" in (here / "r.txt").read_text()
    assert "interrupted" in (here / ".lab" / name / "report.html").read_text()


@pytest.mark.usefixtures("verified", "here")
def test_a_disk_that_refuses_hides_no_results(labkit: Callable[..., Any]) -> None:
    pathlib.Path("r.html").mkdir()
    done = labkit("verify", "--output", "r.html")
    assert done.code == 2
    assert "1 looked at in 0.5 s: all as it should be\n" in done.out
    assert done.err.startswith("error: r.html cannot be written: ")


# up


def test_up_keeps_the_report_with_what_did_not_come_up(
    labkit: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    here: pathlib.Path,
    name: str,
) -> None:
    failure = up.Failure("k8s-minion-01", errors.UnreachableError("no answer", hint="x"), "panic")

    def bring(*_: object) -> up.Result:
        return up.Result(_REPORT, (failure,), 0, ())

    monkeypatch.setattr(up, "up", bring)
    done = labkit("up")
    assert done.code == 4
    assert done.out.endswith(_kept(name))
    document = json.loads((here / ".lab" / name / "report.json").read_text())
    assert (document["about"]["task"], document["ok"]) == ("up", False)
    assert document["results"][1] == {
        "machine": "k8s-minion-01", "check": "answer", "subject": "comes up", "ok": False,
        "expected": "", "actual": "no answer\npanic", "by_hand": "", "repair": "x",
        "when": "", "commands": [], "fixable": False,
    }  # fmt: skip
    page = (here / ".lab" / name / "report.html").read_text()
    assert re.search(r'class="silent"><span aria-hidden="true">!</span> does not answer', page)
