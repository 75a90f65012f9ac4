"""Where content lies."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from labkit import content

if TYPE_CHECKING:
    import pytest

_ROOT = pathlib.Path(__file__).parents[1]


def test_shipped_content_is_at_the_top_of_the_repository() -> None:
    assert content.shipped() == _ROOT


def test_shipped_content_is_inside_an_installed_package(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "content").mkdir()
    monkeypatch.setattr(content, "_PACKAGE", tmp_path)
    assert content.shipped() == tmp_path / "content"


def test_the_lab_folders_own_file_wins(tmp_path: pathlib.Path) -> None:
    assert content.find(tmp_path, "provision", "base.yml") == _ROOT / "provision" / "base.yml"
    (tmp_path / "provision").mkdir()
    own = tmp_path / "provision" / "base.yml"
    own.touch()
    assert content.find(tmp_path, "provision", "base.yml") == own


def test_what_is_nowhere(tmp_path: pathlib.Path) -> None:
    assert content.find(tmp_path, "provision", "none.yml") is None
    assert content.find(tmp_path, "provision") is None


def test_names_are_of_both(tmp_path: pathlib.Path) -> None:
    shipped = content.names(tmp_path, "provision")
    assert {"ansible", "base"} <= set(shipped)
    (tmp_path / "provision").mkdir()
    for name in ("mine.yml", "base.yml", "notes.txt"):
        (tmp_path / "provision" / name).touch()
    assert content.names(tmp_path, "provision") == tuple(sorted({*shipped, "mine"}))
