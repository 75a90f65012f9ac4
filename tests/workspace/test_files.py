"""Files and folders of a lab: whole at every moment, and the owner's."""

from __future__ import annotations

import os
import pathlib
import stat
import threading

import pytest

from labkit import errors, workspace
from labkit.workspace import files


def _mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_write_replaces(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    workspace.write(path, "one\n")
    workspace.write(path, "zwei ä\n")
    assert path.read_bytes() == "zwei ä\n".encode()
    assert _mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_write_gives_the_mode_that_is_asked_for(tmp_path: pathlib.Path) -> None:
    old = os.umask(0o022)
    try:
        workspace.write(tmp_path / "public", "x", mode=0o644)
    finally:
        os.umask(old)
    assert _mode(tmp_path / "public") == 0o644


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_text(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / "file"
    workspace.write(path, "old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if name == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(pathlib.Path, "replace", fail)
    with pytest.raises(errors.LabError) as caught:
        workspace.write(path, "new")
    assert caught.value.message == f"{path} cannot be written: No space left on device"
    assert caught.value.hint == (
        "make room, or let this user write there; then run the same task again"
    )
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_between_write_and_rename_leaves_the_old_text(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    workspace.write(path, "old")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        workspace.write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_threads_do_not_write_into_one_another(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    texts = [letter * 10_000 for letter in "abcd"]

    def write(text: str) -> None:
        for _ in range(5):
            workspace.write(path, text)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]


def test_the_folder_is_the_owners(space: workspace.Workspace) -> None:
    space.path.chmod(0o755)
    space.make()
    assert _mode(space.path) == 0o700


def test_paths(space: workspace.Workspace) -> None:
    assert space.path == space.folder / ".lab" / "demo"
    assert space.machine("web-01") == space.path / "machines" / "web-01"


def test_remove_keeps_other_labs(space: workspace.Workspace) -> None:
    other = workspace.Workspace(space.folder, "other")
    other.make()
    space.remove()
    assert list((space.folder / ".lab").iterdir()) == [other.path]
    other.remove()
    assert list(space.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "name", "message"),
    [
        (28, None, "the disk: No space left on device"),
        (13, "/srv/x", "/srv/x: Permission denied"),
    ],
)
def test_a_refusal_of_the_disk_is_told_in_a_sentence(
    number: int, name: str | None, message: str
) -> None:
    with pytest.raises(errors.LabError) as caught, files.refusals():
        raise OSError(number, os.strerror(number), name)
    assert caught.value.message == message
    assert caught.value.hint == (
        "make room, or let this user write there; then run the same task again"
    )


def test_another_error_of_the_system_is_none_of_those() -> None:
    with pytest.raises(ConnectionRefusedError), files.refusals():
        raise ConnectionRefusedError(111, "Connection refused")


@pytest.mark.parametrize("links", [True, False])
def test_keeping_a_file_aside(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(pathlib.Path, "hardlink_to", no_links)
    path, aside = tmp_path / "file", tmp_path / "aside"
    path.write_text("old")
    aside.write_text("older")
    files.keep(path, aside)
    workspace.write(path, "new")
    assert (path.read_text(), aside.read_text()) == ("new", "old")
