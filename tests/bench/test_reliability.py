"""The page of faults is made from what a run has counted."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bench import reliability

if TYPE_CHECKING:
    import pathlib

_REPORT = """\
<testsuites><testsuite>
<testcase classname="tests.workspace.test_lock" name="test_races" time="2.6">
<properties><property name="rounds" value="200"/>
<property name="slowest" value="0.4 s"/></properties>
</testcase>
<testcase classname="tests.workspace.test_lock" name="test_kinds[a]" time="1"/>
<testcase classname="tests.workspace.test_lock" name="test_kinds[b]" time="1"><failure/></testcase>
<testcase classname="tests.workspace.test_files" name="test_there" time="0">
<skipped message="only root may"/></testcase>
</testsuite></testsuites>
"""


@pytest.fixture
def report(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "report.xml"
    path.write_text(_REPORT)
    return path


def test_rows(report: pathlib.Path) -> None:
    lock, files = "tests/workspace/test_lock.py", "tests/workspace/test_files.py"
    assert reliability.read(report) == [
        reliability.Row(lock, "test_races", 200, 200, 2.6, ["slowest: 0.4 s"]),
        reliability.Row(lock, "test_kinds", 2, 1, 2.0, []),
        reliability.Row(files, "test_there", 0, 0, 0.0, ["not run: only root may"]),
    ]


def test_the_page(report: pathlib.Path) -> None:
    page = reliability.render(reliability.read(report))
    assert "## The lock dies with its holder, and names it while it lives\n" in page
    assert "| races | 200 | 200 | 3 | slowest: 0.4 s |\n" in page
    assert "| kinds | 2 | 1 | 2 |  |\n" in page
    assert "| there | 0 | 0 | 0 | not run: only root may |\n" in page
    assert page.endswith("In all: 202 met, 201 held.\n")


def test_the_command_fails_when_something_did_not_hold(
    report: pathlib.Path, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setattr(reliability, "FIGURES", tmp_path / "figures" / "reliability.md")
    monkeypatch.setattr(sys, "argv", ["reliability", "--report", str(report)])
    with pytest.raises(SystemExit) as caught:
        reliability.main()
    assert caught.value.code
    assert "In all: 202 met" in (tmp_path / "figures" / "reliability.md").read_text()


def test_a_real_run_counts_its_rounds(tmp_path: pathlib.Path) -> None:
    test = tmp_path / "test_it.py"
    test.write_text("def test_x(record_property):\n    record_property('rounds', 7)\n")
    path = tmp_path / "report.xml"
    words = ["-m", "pytest", "-q", "-o", "junit_family=xunit1", f"--junitxml={path}", str(test)]
    subprocess.run([sys.executable, *words], cwd=tmp_path, check=True, capture_output=True)
    (row,) = reliability.read(path)
    assert (row.name, row.met, row.held) == ("test_x", 7, 7)
