"""Which images there are, without a look at what is right in their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit.images import catalog, listing

if TYPE_CHECKING:
    import pathlib


def mine(folder: pathlib.Path, text: str) -> pathlib.Path:
    (folder / "images").mkdir()
    (folder / "images" / "mine.yml").write_text(text, encoding="utf-8")
    return folder


def test_the_size_of_a_shipped_disk() -> None:
    recipe = catalog.get("debian-12")
    assert isinstance(recipe, catalog.DebianRecipe)
    assert listing.disks() == {"debian-12": recipe.disk_gib}


def test_the_size_of_a_disk_of_ones_own(tmp_path: pathlib.Path) -> None:
    folder = mine(tmp_path, "disk_gib: 7\nthe: rest is not looked at\n")
    assert listing.disks(folder=folder)["mine"] == 7


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "disk_gib: many", "kind: cloud"])
def test_a_file_that_says_nothing_of_it(tmp_path: pathlib.Path, text: str) -> None:
    folder = mine(tmp_path, text)
    assert "mine" in listing.names(folder=folder)
    assert "mine" not in listing.disks(folder=folder)
