"""The script `lab`: makes the virtual environment once a lock, then runs Invoke."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

REPOSITORY = pathlib.Path(__file__).parents[1]

# Stands for every python: says what it was asked, and makes a 'virtual environment' of itself.
PYTHON = """#!/bin/sh
case "$*" in
    *sys.version_info*) exit 0 ;;
    *print*) echo 3.11 ;;
    '-m venv '*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; echo "venv" ;;
    *) echo "$*" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    shutil.copy(REPOSITORY / "lab", tmp_path / "lab")
    (tmp_path / "requirements.lock").write_text("one==1\n")
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def run(folder: pathlib.Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "lab", *words],
        env={
            **os.environ,
            "LAB_PYTHON": str(folder / "python"),
            "LAB_VENV": ".venv",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


INSTALL = "-m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock"


def test_the_environment_is_made_once_a_lock(folder: pathlib.Path) -> None:
    first = run(folder, "up", "--only", "a b")
    assert (first.returncode, first.stdout) == (0, "venv\n-m invoke lab.up --only a b\n")
    assert first.stderr == f"making the virtual environment in .venv\n{INSTALL}\n"
    second = run(folder, "up")
    assert (second.stdout, second.stderr) == ("-m invoke lab.up\n", "")
    (folder / "requirements.lock").write_text("one==2\n")
    assert run(folder, "up").stderr == first.stderr


@pytest.mark.parametrize(
    ("word", "task"),
    [
        ("verify", "lab.verify"),
        ("test", "test"),
        ("check", "check"),
        ("bench", "bench"),
        ("image.build", "image.build"),
        ("lab.up", "lab.up"),
        ("--help", "--help"),
    ],
)
def test_short_names_are_tasks_of_a_lab(folder: pathlib.Path, word: str, task: str) -> None:
    run(folder)
    assert run(folder, word).stdout == f"-m invoke {task}\n"


def test_without_a_word_the_tasks_are_listed(folder: pathlib.Path) -> None:
    assert run(folder).stdout.endswith("-m invoke --list\n")


def test_a_missing_python_is_named_with_the_command_that_installs_it(folder: pathlib.Path) -> None:
    done = run(folder, "up", LAB_PYTHON="/no/python", LAB_INSTALL="no")
    assert done.returncode == 2
    assert done.stderr == (
        "error: Python 3.11 or newer with its venv module is not installed\n"
        "hint: apt-get install -y --no-install-recommends python3 python3-venv ca-certificates\n"
    )
