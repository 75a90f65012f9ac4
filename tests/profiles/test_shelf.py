from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.profiles import shelf

if TYPE_CHECKING:
    import pathlib


def test_all_machines_see_the_same_text(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "provision"
    (folder / "templates").mkdir(parents=True)
    profile, template = folder / "mine.yml", folder / "templates" / "motd"
    profile.write_text("title: first\n")
    template.write_text("first")
    read = shelf.Shelf(tmp_path)
    found = read.profile("provision", "mine")
    assert found
    assert found.data == {"title": "first"}
    assert read.template(template) == "first"
    profile.write_text("title: second\n")
    template.write_text("second")
    assert read.profile("provision", "mine") is found
    assert read.template(template) == "first"
    anew = shelf.Shelf(tmp_path)
    again = anew.profile("provision", "mine")
    assert again
    assert again.data == {"title": "second"}
    assert anew.template(template) == "second"


def test_a_profile_that_is_not_there(tmp_path: pathlib.Path) -> None:
    assert shelf.Shelf(tmp_path).profile("provision", "mine") is None
