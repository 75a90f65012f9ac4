"""Reports as files: by their endings, whole or not at all, and whatever happened."""

from __future__ import annotations

import json
import os
import pathlib
import stat
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from labkit import errors, workspace
from labkit.report import about, model, save
from tests.report import sample

if TYPE_CHECKING:
    from labkit.plan import model as plans


def _run() -> about.About:
    return sample.ABOUT


def _mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_ending_says_the_format(
    default_lab: plans.Lab, broken: model.Report, tmp_path: pathlib.Path
) -> None:
    files = save.wanted([str(tmp_path / f"r.{end}") for end in ("HTML", "json", "xml", "txt")])
    save.write(files, default_lab, broken, sample.ABOUT)
    page, document, suites, text = (file.read_text(encoding="utf-8") for file in files)
    assert page.startswith("<!DOCTYPE html>")
    assert json.loads(document)["about"]["task"] == "verify"
    assert ET.fromstring(suites.encode()).tag == "testsuites"  # noqa: S314 - our own document
    assert text.startswith("'verify' with labkit 0.1.0, finished 2026-01-31T09:30:00Z\nlab k8s")
    assert f"{len(broken.results)} looked at in 3.8 s: {len(broken.failures)} failed\n" in text
    assert "\x1b" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "r.HTML",
        "r.json",
        "r.txt",
        "r.xml",
    ]


def test_no_table_of_a_text_is_folded(default_lab: plans.Lab, tmp_path: pathlib.Path) -> None:
    lab, report = sample.large(64, 5_000, default_lab)
    file = tmp_path / "r.txt"
    save.write([file], lab, report, sample.ABOUT)
    (head,) = (line for line in file.read_text().splitlines() if "node-00" in line and "┃" in line)
    assert all(machine.name in head for machine in lab.machines)


@pytest.mark.parametrize("name", ["r.pdf", "r", "html", ".html"])
def test_other_endings(tmp_path: pathlib.Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(errors.LabError) as refused:
        save.wanted([str(path)])
    assert refused.value.message == f"'{path}' says no format of a report"
    assert refused.value.hint == "end its name with .html, .json, .xml or .txt"


def test_a_folder_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(errors.LabError) as refused:
        save.wanted([str(tmp_path / "no" / "r.html")])
    assert refused.value.message == f"there is no folder '{tmp_path / 'no'}' to write a report to"
    assert refused.value.hint == "make it, or name a file elsewhere"


def test_a_file_that_is_refused_does_not_hinder_the_others(
    default_lab: plans.Lab, healthy: model.Report, tmp_path: pathlib.Path
) -> None:
    taken, free = tmp_path / "taken.html", tmp_path / "free.json"
    taken.mkdir()
    with pytest.raises(errors.LabError, match=r"taken\.html cannot be written: "):
        save.write([taken, free], default_lab, healthy, sample.ABOUT)
    assert json.loads(free.read_text())["ok"] is True
    assert sorted(path.name for path in tmp_path.iterdir()) == ["free.json", "taken.html"]


def test_the_last_report_is_kept_for_its_owner(
    default_lab: plans.Lab,
    healthy: model.Report,
    broken: model.Report,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    space = workspace.Workspace(tmp_path, "demo")
    space.make()
    for report in (broken, healthy):
        line = save.keep(space, default_lab, report, sample.ABOUT)
        assert line == "report: " + str(pathlib.Path(".lab", "demo", "report.html"))
        document = json.loads((space.path / "report.json").read_text())
        assert (document["ok"], document["about"]["provider"]) == (report.ok, "qemu")
    for name in ("report.html", "report.json"):
        assert _mode(space.path / name) == 0o600


def test_a_disk_that_refuses_is_said_and_hides_nothing(
    default_lab: plans.Lab, healthy: model.Report, tmp_path: pathlib.Path
) -> None:
    space = workspace.Workspace(tmp_path, "demo")
    line = save.keep(space, default_lab, healthy, sample.ABOUT)
    path = space.path / "report.json"
    assert line == f"no report was kept: {path} cannot be written: No such file or directory"


@pytest.mark.parametrize(
    ("error", "actual", "hint"),
    [
        (errors.LockedError("lab 'x' is in use", hint="wait"), "lab 'x' is in use", "wait"),
        (KeyboardInterrupt(), "interrupted", "invoke lab.verify"),
        (ZeroDivisionError("oh"), "ZeroDivisionError: oh", "invoke lab.verify"),
    ],
)
def test_a_run_that_came_to_nothing_says_why(
    default_lab: plans.Lab,
    tmp_path: pathlib.Path,
    error: BaseException,
    actual: str,
    hint: str,
) -> None:
    file = tmp_path / "r.json"

    def run() -> None:
        with save.failing([file], default_lab, ["a", "b"], _run):
            raise error

    with pytest.raises(type(error)):
        run()
    document = json.loads(file.read_text())
    assert (document["ok"], [each["machine"] for each in document["results"]]) == (
        False,
        ["a", "b"],
    )
    assert {(each["actual"], each["repair"]) for each in document["results"]} == {(actual, hint)}


def test_the_first_error_counts(default_lab: plans.Lab, tmp_path: pathlib.Path) -> None:
    def run() -> None:
        with save.failing([tmp_path / "no" / "r.json"], default_lab, ["a"], _run):
            raise errors.UnreachableError("down")

    with pytest.raises(errors.UnreachableError, match="down"):
        run()


def test_a_run_that_went_well_writes_nothing_by_itself(
    default_lab: plans.Lab, tmp_path: pathlib.Path
) -> None:
    with save.failing([tmp_path / "r.json"], default_lab, ["a"], _run):
        pass
    assert list(tmp_path.iterdir()) == []


def test_about_says_nothing_of_who_ran_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "planted-user")
    monkeypatch.setenv("HOME", "/home/planted-user")
    made = about.here("up", "qemu", {"verify": 1.5})
    assert (made.task, made.provider, made.phases) == ("up", "qemu", {"verify": 1.5})
    assert "planted" not in str(made)
    assert os.uname().nodename not in str(made)
