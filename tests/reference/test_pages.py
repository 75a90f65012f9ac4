"""The committed reference pages are those that the code makes, and say all that there is."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from collections.abc import Mapping

import pytest

from labkit import checks, errors, operations, reference
from labkit.images import listing
from labkit.reference import _markdown, _source, environment, exit_codes, tasks
from labkit.spec import model, rules

_ROOT = pathlib.Path(__file__).parents[2]
_FOLDER = _ROOT / "docs" / "reference"

Pages = Mapping[str, str]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    # In a process of its own: Invoke forgets a task's help once a program has shown it.
    folder = tmp_path_factory.mktemp("reference") / "new"
    words = [sys.executable, "-m", "labkit.reference", str(folder)]
    done = subprocess.run(words, cwd=_ROOT, capture_output=True, text=True, check=True, timeout=60)
    made = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert sorted(done.stdout.splitlines()) == sorted(str(folder / name) for name in made)
    return made


@pytest.mark.parametrize("name", sorted(reference.names()))
def test_the_committed_page_is_the_generated_one(name: str, pages: Pages) -> None:
    committed = (_FOLDER / name).read_text(encoding="utf-8")
    assert committed == pages[name], "run: python -m labkit.reference"


def test_no_page_is_there_that_nothing_makes(pages: Pages) -> None:
    assert {path.name for path in _FOLDER.glob("*.md")} == set(pages) == set(reference.names())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("operations.md", set(operations.kinds())),
        ("checks.md", set(checks.every())),
        ("images.md", set(listing.names())),
    ],
)
def test_a_page_has_a_section_for_each(name: str, expected: set[str], pages: Pages) -> None:
    assert set(re.findall(r"(?m)^## (\S+)$", pages[name])) == expected


def test_every_key_and_every_rule_is_described(pages: Pages) -> None:
    page = pages["lab-file.md"]
    keys = {*model.LabFile.model_fields, *model.MachineEntry.model_fields}
    assert {key for key in keys if f"\n| `{key}` | " not in page} == set()
    assert {name for name in rules.names() if f"\n| `{name}` | " not in page} == set()


def test_every_task_has_a_section_and_every_option_a_line(pages: Pages) -> None:
    page = pages["tasks.md"]
    sections = set(re.findall(r"(?m)^### (.*)$", page))
    assert {"labkit up", "labkit exec", "labkit image.build", "./lab test"} <= sections
    assert len(sections) == sum(len(each.tasks) for each in tasks.collections().values())
    assert "| `TIMEOUT`" not in page
    assert "| `--timeout=NUMBER` | 600 | seconds that it may take |" in page
    assert re.findall(r"(?m)^\| `--[^|]*\|[^|]*\|  \|$", page) == [], "an option without help"


def test_every_exit_code_has_a_meaning() -> None:
    assert set(exit_codes.meanings()) == {int(code) for code in errors.ExitCode}
    assert exit_codes.meanings()[errors.ExitCode.LEFTOVERS] == "something of ours was left behind"


def test_every_variable_of_the_code_is_described_and_no_other() -> None:
    assert set(environment.names()) == set(environment.MEANINGS)
    assert environment.names()["LAB_PYTHON"] == ("lab",)


def test_a_table_keeps_its_cells() -> None:
    assert _markdown.table(("a",), [("x | y\nz",)]) == "| a |\n| --- |\n| x \\| y z |"


def test_a_block_of_code_cannot_be_ended_by_what_is_in_it() -> None:
    assert _markdown.code("a\n```\nb") == "````\na\n```\nb\n````"


def test_sections_for_programmers_are_left_out() -> None:
    def documented() -> None:
        """Say it.

        More of it.

        Raises:
            ValueError: Never.
        """

    assert _source.words(documented) == "Say it.\n\nMore of it."
    assert _source.first(documented) == "Say it."
