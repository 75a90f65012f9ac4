"""A second run is refused before the slow imports; what is not certain goes the long way."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import time

import pytest

from labkit import claim, early, errors, workspace

_LAB = "# a lab\nlab: demo  # its name\nmachines: {}\n"


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    (tmp_path / "lab.yml").write_text(_LAB)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAB_FILE", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "words", [["up"], ["lab.up"], ["destroy", "--yes"], ["up", "--file", "lab.yml"]]
)
def test_a_lab_that_is_held(folder: pathlib.Path, words: list[str]) -> None:
    space = workspace.Workspace(folder, "demo")
    with space.lock("lab.start"):
        said = early.refusal(words)
    assert said
    assert said.startswith(f"lab 'demo' is in use: 'lab.start' of process {os.getpid()} on ")
    assert list(folder.iterdir()) == [folder / "lab.yml"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["status"],
        ["up", "--help"],
        ["up", "--file", "other.yml"],
        ["up", "--file=other.yml"],
    ],
)
def test_what_goes_the_long_way(folder: pathlib.Path, words: list[str]) -> None:
    with workspace.Workspace(folder, "demo").lock("lab.up"):
        assert early.refusal(words) is None
        (folder / "lab.yml").write_text("lab: [demo]\n")
        assert early.refusal(["up"]) is None
        (folder / "lab.yml").write_bytes(b"\xff\xfe")
        assert early.refusal(["up"]) is None


def test_a_lab_that_is_free_is_claimed_and_adopted(folder: pathlib.Path) -> None:
    assert early.refusal(["up"]) is None
    side = folder / ".lab" / "demo.holder.json"
    try:
        assert f'"pid": {os.getpid()},' in side.read_text()
        with workspace.Workspace(folder, "demo").lock("lab.up"):
            assert side.exists()
    finally:
        claim.let_go()
    assert list(folder.iterdir()) == [folder / "lab.yml"]


def test_what_is_not_adopted_is_let_go(folder: pathlib.Path) -> None:
    assert early.refusal(["up"]) is None
    with workspace.Workspace(folder, "other").lock("lab.up"):
        assert (folder / ".lab" / "demo.holder.json").exists()
    claim.let_go()
    claim.let_go()
    assert list(folder.iterdir()) == [folder / "lab.yml"]


def test_a_run_that_comes_to_nothing_leaves_nothing(folder: pathlib.Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "labkit", "up", "--no-such-option"],
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(early.__file__).parents[1])},
        capture_output=True,
        check=False,
    )
    assert done.returncode
    assert list(folder.iterdir()) == [folder / "lab.yml"]


def test_the_file_may_be_named_by_the_environment(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "lab.yml").rename(folder / "mine.yml")
    monkeypatch.setenv("LAB_FILE", "mine.yml")
    with workspace.Workspace(folder, "demo").lock("lab.up"):
        assert early.refusal(["up"])


def test_every_task_that_holds_the_lab_is_known() -> None:
    tasks = pathlib.Path(early.__file__).parent / "tasks" / "lab"
    holding = re.compile(r'(?:\.hold\(|on_machines\([^)]*?)"lab\.(\w+)"')
    found = {name for path in tasks.glob("*.py") for name in holding.findall(path.read_text())}
    assert found == early.HOLDING


def test_the_second_of_two_runs(folder: pathlib.Path) -> None:
    with workspace.Workspace(folder, "demo").lock("lab.up"):
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "labkit", "up"],
            env={**os.environ, "PYTHONPATH": str(pathlib.Path(early.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert time.monotonic() - start < 1
    assert done.returncode == 3
    assert re.fullmatch(
        rf"error: lab 'demo' is in use: 'labkit up' of process {os.getpid()} on \S+, since .*\n"
        r"hint: wait until it has finished, or stop that process\n",
        done.stderr,
    )


def test_the_exit_code_is_the_one_of_the_long_way() -> None:
    assert errors.ExitCode.LOCKED == early.LOCKED
