"""Each folder of tests/cases/classroom is refused with the exact words of its `expect`."""

from __future__ import annotations

import pathlib
import re
import shutil

import pytest

from labkit import errors
from labkit.classroom import load

CASES = pathlib.Path(__file__).parents[1] / "cases" / "classroom"
_FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMES = sorted(path.name for path in CASES.iterdir())


def refused(folder: pathlib.Path) -> str:
    """Say why a class folder is refused, with paths as its owner knows them."""
    with pytest.raises(errors.LabError) as caught:
        load.load(folder / "class.yml")
    hint = f"\n    hint: {caught.value.hint}" if caught.value.hint else ""
    return f"{caught.value.message}{hint}\n".replace(f"{folder}/", "")


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str) -> None:
    assert refused(CASES / name) == (CASES / name / "expect").read_text(encoding="utf-8")


def test_ten_thousand_rows(tmp_path: pathlib.Path) -> None:
    (tmp_path / "class.yml").write_text("classroom: k8s\nroster: roster.csv\n")
    rows = "".join(f"s-{number},Student {number}\n" for number in range(10_000))
    (tmp_path / "roster.csv").write_text(f"name,display\n{rows}")
    assert refused(tmp_path) == (
        "roster.csv:1002:1: the roster has 10000 students, and a class has at most 1000\n"
        "    hint: make several classes of them\n"
    )


def test_the_class_of_the_how_to_is_one(tmp_path: pathlib.Path) -> None:
    page = pathlib.Path(__file__).parents[2] / "docs" / "how-to" / "class.md"
    text = page.read_text(encoding="utf-8")
    for name, content in _FILE.findall(text):
        (tmp_path / name).write_text(content, encoding="utf-8")
    shutil.copyfile(page.parents[2] / "lab.yml", tmp_path / "lab.yml")
    assert [each.display for each in load.load(tmp_path / "class.yml").students] == [
        "Suzuki Hanako",
        "Yamada Taro",
    ]


def test_there_are_cases() -> None:
    assert len(NAMES) >= 29
