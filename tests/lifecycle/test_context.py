"""Everything that a verb needs to know about one lab."""

from __future__ import annotations

import pathlib

import pytest

from labkit import errors
from labkit.lifecycle import context


def test_opening_makes_nothing(opened: context.Context) -> None:
    assert [path.name for path in opened.folder.iterdir()] == ["lab.yml"]
    assert opened.space.folder == opened.folder


def test_a_relative_path_is_made_whole(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert context.open_lab(pathlib.Path("lab.yml")).folder == folder


def test_choosing(opened: context.Context) -> None:
    assert opened.choose([]) == opened.lab.machines
    names = [machine.name for machine in opened.choose(["k8s-minion-02", "ansible-01"])]
    assert names == ["k8s-minion-02", "ansible-01"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("k8s-minion-1", "did you mean 'k8s-minion-01'?"),
        ("zzz\x1b", "its machines are: ansible-01, k8s-master-01, k8s-minion-01, k8s-minion-02"),
    ],
)
def test_choosing_what_is_not_there(opened: context.Context, name: str, hint: str) -> None:
    with pytest.raises(errors.LabError) as caught:
        opened.choose(["ansible-01", name])
    shown = name.replace("\x1b", "\\x1b")
    assert caught.value.message == f"lab 'k8s-manual' has no machine '{shown}'"
    assert caught.value.hint == hint


def test_another_provider(folder: pathlib.Path) -> None:
    assert context.open_lab(folder / "lab.yml", "libvirt").lab.provider == "libvirt"


def test_steps_need_keys_and_so_make_them(opened: context.Context) -> None:
    steps = opened.steps(opened.lab.machine("ansible-01"))
    assert len(steps) > 10
    assert (opened.space.path / "keys" / "ansible").is_file()
