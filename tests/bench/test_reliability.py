"""The page of faults is made from what the tests have counted, also when they are run in turns."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bench import promises, reliability
from bench.reliability import Case

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

_RACES = "tests/faults/test_race.py::test_races"
_SEED = "tests/hostile/test_renderings.py::test_the_seed"
_TESTS = """\
import pytest
def test_rounds(record_property):
    record_property("rounds", 6)
    record_property("rounds", 7)
    record_property("slowest", "0.4 s")
@pytest.mark.parametrize("how", ["a", "b"])
def test_kinds(how):
    assert how == "a"
def test_there():
    pytest.skip("only root may")
"""
_COUNTED = {
    "test_it.py::test_rounds": (7, 7, ("slowest: 0.4 s",)),
    "test_it.py::test_kinds[a]": (1, 1, ()),
    "test_it.py::test_kinds[b]": (1, 0, ()),
    "test_it.py::test_there": (0, 0, ("not run: only root may",)),
}


@pytest.fixture
def run(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return what runs the benchmark with other tests and rows, and returns its exit status."""
    (tmp_path / "test_it.py").write_text(_TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reliability, "REPOSITORY", tmp_path)
    monkeypatch.setattr(reliability, "FIGURES", tmp_path)
    monkeypatch.setattr(reliability, "FOLDERS", ("test_it.py",))
    rows = (
        promises.Promise("one", "one fault", "it holds", ("test_it.py::test_rounds",)),
        promises.Promise("two", "another", "it holds", ("test_it.py",)),
    )
    monkeypatch.setattr(promises, "ALL", rows)
    common = ("-p", "no:cacheprovider", "--import-mode=importlib")

    def start(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["reliability", *words, *common])
        with pytest.raises(SystemExit) as caught:
            reliability.main()
        return int(caught.value.code or 0)

    return start


def _counted(folder: pathlib.Path) -> dict[str, tuple[int, int, tuple[str, ...]]]:
    found = reliability.Journal(folder).cases
    return {node: (case.met, case.held, case.remarks) for node, case in found.items()}


def test_a_run_counts_and_fails_when_something_did_not_hold(
    run: Callable[..., int], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 1
    assert _counted(tmp_path) == dict(sorted(_COUNTED.items()))
    page = (tmp_path / "reliability.md").read_text()
    assert page in capsys.readouterr().out
    assert re.search(r"\| one fault \| it holds \| 7 \| 7 \| 0 \| 20\d\d-\d\d-\d\d \|\n", page)
    assert page.endswith("In all: 9 met, 8 held.\n")


def test_one_row_is_run_and_the_others_stay(
    run: Callable[..., int], tmp_path: pathlib.Path
) -> None:
    journal = reliability.Journal(tmp_path)
    journal.add("test_it.py::test_kinds[a]", Case(3, 3, 1))
    journal.add("test_it.py::test_that_is_no_more", Case(3, 3, 1))
    assert run("--only", "one") == 0
    assert _counted(tmp_path) == {
        "test_it.py::test_kinds[a]": (3, 3, ()),
        "test_it.py::test_kinds[b]": (0, 0, reliability.NOT_RUN.remarks),
        "test_it.py::test_rounds": _COUNTED["test_it.py::test_rounds"],
        "test_it.py::test_there": (0, 0, reliability.NOT_RUN.remarks),
    }


def test_what_has_waited_longest_comes_first_until_the_time_is_up(
    run: Callable[..., int], tmp_path: pathlib.Path
) -> None:
    journal = reliability.Journal(tmp_path)
    for number, node in enumerate(reversed(_COUNTED)):
        journal.add(node, Case(0, 0, 0, (), number + 1))
    run("--minutes", "0.000001")
    ran = [node for node, (_, _, remarks) in _counted(tmp_path).items() if remarks]
    assert ran == ["test_it.py::test_there"]


def test_a_test_that_no_row_has_is_refused(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(promises, "ALL", promises.ALL[:1])
    assert run() == pytest.ExitCode.USAGE_ERROR
    said = capsys.readouterr()
    assert "no row of bench/promises.py has test_it.py::test_kinds[a]" in said.out + said.err


def test_the_page() -> None:
    page = reliability.render(
        {
            f"{_SEED}[1000]": Case(1000, 1000, 0.6, (), 1.0),
            f"{_SEED}[10000]": Case(10000, 0, 1.0, ("a: b",), 86400.0),
            f"{_RACES}[1]": Case(50, 50, 2.6, ("slowest: 0.4 s",), 86400.0),
            f"{_RACES}[2]": reliability.NOT_RUN,
        }
    )
    assert f"| `{_SEED}` | 11000 | 1000 | 2 | a: b |\n" in page
    assert f"| `{_RACES}` | 50 | 50 | 3 | slowest: 0.4 s; not all has been run yet |\n" in page
    assert (
        "| they parse, and read back equal | 11000 | 1000 | 2 | 1970-01-01 to 1970-01-02 |" in page
    )
    assert "| a changed host key | refused before any command | not run | |  |  |\n" in page
    assert page.endswith("In all: 11050 met, 1050 held.\n")


def test_each_row_has_tests_and_a_sample_of_it_is_in_ci() -> None:
    words = ("--collect-only", "-q", "-m", "not slow", *reliability.FOLDERS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=reliability.REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    sample = [line for line in done.stdout.splitlines() if "::" in line]
    for promise in promises.ALL:
        assert any(map(promise.has, sample)), f"no sample of '{promise.name}' runs in CI"
        for test in promise.tests:
            file, _, name = test.partition("::")
            text = (reliability.REPOSITORY / file).read_text(encoding="utf-8")
            assert f"\ndef {name}" in text, f"there is no {test}"
