"""The registry of a user's labs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit import workspace
from labkit.workspace import registry

if TYPE_CHECKING:
    import pathlib


@pytest.fixture(autouse=True)
def state(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def _entry(folder: pathlib.Path, lab: str = "demo") -> registry.Entry:
    return registry.Entry(folder, lab)


def test_without_a_setting_it_is_in_the_users_state_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.delenv("LAB_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert registry.root() == tmp_path / "labkit" / "labs"


def test_labs_come_and_go(tmp_path: pathlib.Path) -> None:
    assert registry.entries() == []
    first, second = _entry(tmp_path / "a\nb\udc80"), _entry(tmp_path / "c", "other")
    for entry in (second, first, first):
        registry.enter(entry)
    assert registry.entries() == [first, second]
    registry.leave(first)
    registry.leave(first)
    assert registry.entries() == [second]


def test_a_workspace_enters_itself_and_leaves(tmp_path: pathlib.Path) -> None:
    space = workspace.Workspace(tmp_path / "lab", "demo")
    space.make()
    space.make()
    assert registry.entries() == [space.entry]
    space.remove()
    assert registry.entries() == []


def test_rubbish_is_passed_over(tmp_path: pathlib.Path, state: pathlib.Path) -> None:
    registry.enter(_entry(tmp_path))
    for number, text in enumerate(["", "{", "[]", "{}", '{"folder": 1, "lab": "x"}', "\xff"]):
        (state / "labs" / f"{number}.json").write_text(text, encoding="latin-1")
    assert registry.entries() == [_entry(tmp_path)]


def test_where_it_cannot_be_written_the_lab_works_all_the_same(
    tmp_path: pathlib.Path, state: pathlib.Path
) -> None:
    state.touch()
    workspace.Workspace(tmp_path / "lab", "demo").make()
    assert registry.entries() == []
