from __future__ import annotations

import os
import pathlib
import sys

import pytest

from labkit import errors
from labkit.spec import filekind, load, source

TOO_BIG = "{} is bigger than 1 MiB"


def refused(path: pathlib.Path) -> errors.LabError:
    with pytest.raises(errors.LabError) as caught:
        load.load(path)
    return caught.value


def test_missing(tmp_path: pathlib.Path) -> None:
    error = refused(tmp_path / "lab.yml")
    assert error.message == f"there is no lab file at {tmp_path / 'lab.yml'}"
    assert error.hint == "name an existing file, or make a new lab folder with 'labkit init DIR'"


def test_directory(tmp_path: pathlib.Path) -> None:
    error = refused(tmp_path)
    assert error.message == f"{tmp_path} is a directory, not a lab file"
    assert error.hint == f"did you mean {tmp_path / 'lab.yml'}?"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFO files")
def test_a_fifo_is_refused_at_once(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "lab.yml"
    os.mkfifo(path)
    error = refused(path)
    assert error.message == f"{path} is not a regular file"
    assert error.hint == "a pipe or a device cannot hold a lab"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows words it differently")
def test_unreadable(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "lab.yml"
    error = refused(path)
    assert error.message == f"{path} cannot be read: Not a directory"
    assert error.hint == "check the path and its permissions"


def test_permission(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lab.yml"
    path.touch()

    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "open", deny)
    assert refused(path).message == f"{path} cannot be read: Permission denied"


def test_path_with_nul() -> None:
    assert "cannot be read: " in refused(pathlib.Path("lab\0.yml")).message


def test_100_megabytes_are_not_read(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lab.yml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    monkeypatch.delattr(pathlib.Path, "open")
    error = refused(path)
    assert error.message == TOO_BIG.format(path)
    assert error.hint == "a lab file is a few kilobytes; is this the right file?"


def test_the_limit_itself_is_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "lab.yml"
    path.write_bytes(b"#" * source.LIMIT)
    assert len(source.read(path)) == source.LIMIT
    path.write_bytes(b"#" * (source.LIMIT + 1))
    assert refused(path).message == TOO_BIG.format(path)


@pytest.mark.skipif(not pathlib.Path("/proc/self/maps").exists(), reason="needs procfs")
def test_a_file_that_is_longer_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    path = pathlib.Path("/proc/self/maps")  # stat says 0 bytes
    monkeypatch.setattr(source, "LIMIT", 10)
    assert refused(path).message == TOO_BIG.format(path)


def test_not_utf_8(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "lab.yml"
    path.write_bytes("lab: demo\n# für\n".encode("latin-1"))
    assert str(refused(path)) == (
        f"{path}:2:4: the byte 0xfc is not UTF-8 text\n"
        "    hint: save the file in the encoding UTF-8"
    )


def test_byte_order_mark_and_windows_line_ends(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "lab.yml"
    text = "lab: demo\r\nmachines:\r\n  a:\r\n    nat: 10.0.2.51\r\n    hostonly: 192.168.56.51\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    spec = load.load(path)
    assert spec.lab.lab == "demo"
    assert spec.file == str(path)
    assert (spec.locate(("machines", "a", "nat")).line, spec.locate(("lab",)).column) == (4, 6)


@pytest.mark.parametrize(
    ("kind", "name", "missing", "directory"),
    [
        (
            filekind.CLASS,
            "class file",
            "name an existing file, or make a new class folder with 'labkit class.init DIR'",
            "did you mean {}/class.yml?",
        ),
        (
            filekind.ROSTER,
            "roster",
            "name an existing file under 'roster' of the class file",
            "name an existing file under 'roster' of the class file",
        ),
        (filekind.PROFILE, "profile", "name an existing file", "name an existing file"),
    ],
)
def test_what_is_advised_for_other_files(
    tmp_path: pathlib.Path, kind: filekind.FileKind, name: str, missing: str, directory: str
) -> None:
    with pytest.raises(errors.LabError) as caught:
        source.read(tmp_path / "absent", kind)
    assert caught.value.message == f"there is no {name} at {tmp_path / 'absent'}"
    assert caught.value.hint == missing
    with pytest.raises(errors.LabError) as caught:
        source.read(tmp_path, kind)
    assert caught.value.message == f"{tmp_path} is a directory, not a {name}"
    assert caught.value.hint == directory.replace("{}", str(tmp_path))
