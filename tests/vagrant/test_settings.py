"""Vagrant's home, which labs share."""

from __future__ import annotations

import pathlib

import pytest

from labkit.vagrant import settings


def test_the_home_is_the_users(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VAGRANT_HOME", raising=False)
    assert settings.home() == pathlib.Path.home() / ".vagrant.d"
    monkeypatch.setenv("VAGRANT_HOME", str(tmp_path))
    assert settings.home() == tmp_path


@pytest.mark.parametrize("place", ["0/virtualbox", "1.2/amd64/virtualbox"])
def test_a_box_of_old_and_new_vagrants(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("VAGRANT_HOME", str(tmp_path))
    assert not settings.has_box("rig/boot", "virtualbox")
    folder = tmp_path / "boxes/rig-VAGRANTSLASH-boot" / place
    folder.mkdir(parents=True)
    assert not settings.has_box("rig/boot", "virtualbox"), "a box without metadata is not whole"
    (folder / "metadata.json").write_text("{}")
    assert settings.has_box("rig/boot", "virtualbox")
    assert not settings.has_box("rig/boot", "libvirt")
    assert not settings.has_box("rig/boo", "virtualbox")


def test_the_lease_of_a_port(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAGRANT_HOME", str(tmp_path))
    settings.release("127.0.0.1", 2222)
    leases = tmp_path / "data/fp-leases"
    leases.mkdir(parents=True)
    for name in ("127_0_0_1_2222", "127_0_0_1_2223"):
        (leases / name).touch()
    settings.release("127.0.0.1", 2222)
    assert [each.name for each in leases.iterdir()] == ["127_0_0_1_2223"]


def test_a_log_of_what_vagrant_runs(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vagrant.log"
    for asked, level in (("", "info"), ("warn", "info"), ("DEBUG", "debug")):
        monkeypatch.setenv("VAGRANT_LOG", asked)
        assert settings.logged(path) == {"VAGRANT_LOG": level, "VAGRANT_LOG_FILE": str(path)}
