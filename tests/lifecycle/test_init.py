"""A lab folder of one's own."""

from __future__ import annotations

import json
import pathlib

import pytest
import yaml

from labkit import errors
from labkit.lifecycle import context, init


def _name(folder: pathlib.Path) -> str:
    return yaml.safe_load((folder / "lab.yml").read_text(encoding="utf-8"))["lab"]


def test_a_new_folder_is_a_lab_of_its_own_name(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "deep" / "course-1"
    assert init.init(folder) == folder
    opened = context.open_lab(folder / "lab.yml")
    assert opened.lab.name == "course-1"
    assert len(opened.lab.machines) == 4
    root = pathlib.Path(__file__).parents[2]
    for kind in ("provision", "network"):
        for path in (root / kind).rglob("*"):
            if path.is_file():
                assert (folder / path.relative_to(root)).read_bytes() == path.read_bytes()
    assert (folder / "Vagrantfile.j2").is_file()


def test_an_editor_finds_the_schema(tmp_path: pathlib.Path) -> None:
    folder = init.init(tmp_path / "demo")
    first = (folder / "lab.yml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=lab.schema.json"
    schema = json.loads((folder / "lab.schema.json").read_text(encoding="utf-8"))
    assert "machines" in schema["properties"]


def test_an_empty_folder_is_as_good_as_a_new_one(tmp_path: pathlib.Path) -> None:
    (tmp_path / "demo").mkdir()
    init.init(tmp_path / "demo")
    assert _name(tmp_path / "demo") == "demo"


@pytest.mark.parametrize(
    "name",
    ["Course", "a b", "x_y", "1st", "-x", "a" * 60, "no", "on", "null", "true", "con", "a: b", "ä"],
)
def test_a_folder_whose_name_is_none_for_a_lab_keeps_the_default(
    tmp_path: pathlib.Path, name: str
) -> None:
    folder = init.init(tmp_path / name)
    assert context.open_lab(folder / "lab.yml").lab.name == "k8s-manual"


@pytest.mark.parametrize("there", ["file in it", "a file"])
def test_what_is_there_already_is_left_alone(tmp_path: pathlib.Path, there: str) -> None:
    folder = tmp_path / "demo"
    if there == "a file":
        folder.touch()
    else:
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(errors.LabError) as caught:
        init.init(folder)
    assert caught.value.message == f"{folder} is there already and not empty"
    assert caught.value.hint == "name a folder that does not exist"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_place_that_cannot_be_written(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(errors.LabError) as caught:
        init.init(tmp_path / "file" / "demo")
    assert caught.value.message == f"{tmp_path}/file/demo cannot be written: Not a directory"
