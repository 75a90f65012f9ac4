"""Whose a machine of VirtualBox is."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from labkit.providers.virtualbox import gc
from labkit.workspace import registry

if TYPE_CHECKING:
    import pytest

    from tests.providers.virtualbox.conftest import Box


def _data(box: Box, name: str, folder: str) -> None:
    words = ("VBoxManage", "getextradata", box.number(name), "enumerate")
    box.programs.replace(*words, out=f"Key: labkit/folder, Value: {folder}\n")


def test_a_machine_whose_uuid_follows_from_its_names_and_which_says_where_its_lab_is(
    box: Box,
) -> None:
    box.say("web-01")
    box.say("web-02", hardwareuuid="7f9d9f0e-0000-4000-8000-000000000000")
    _data(box, "web-01", "/srv/x/.lab/first")
    (found,) = gc.find()
    assert found.entry == registry.Entry(pathlib.Path("/srv/x"), "first")
    assert (found.machine, found.what) == ("web-01", "VirtualBox machine first-web-01")


def test_a_folder_that_is_none_of_a_lab_proves_nothing(box: Box) -> None:
    box.say("web-01")
    for folder in ("", ".lab/first", "/srv/x/.lab/second", "/srv/x/first"):
        _data(box, "web-01", folder)
        assert list(gc.find()) == []


def test_a_group_or_a_name_of_others(box: Box) -> None:
    box.say("web-01", groups="/second")
    assert list(gc.find()) == []
    box.say("web-01", name="web-01")
    assert list(gc.find()) == []


def test_a_host_without_virtualbox(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.say("web-01")
    box.programs.installed.clear()
    monkeypatch.delenv("VBOX_MSI_INSTALL_PATH", raising=False)
    assert list(gc.find()) == []
