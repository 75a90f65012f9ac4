from __future__ import annotations

import os
import pathlib
import sys
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.secrets import file

if TYPE_CHECKING:
    from collections.abc import Callable

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes and files")


@pytest.fixture
def key(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a file that only its owner can open, in a folder of the lab folder."""
    path = tmp_path / "secrets" / "exam key"
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_bytes(b"line 1\r\nline 2\n")
    return path


@pytest.fixture
def refused(tmp_path: pathlib.Path) -> Callable[[str], tuple[str, str]]:
    def say(name: str) -> tuple[str, str]:
        with pytest.raises(errors.LabError) as caught:
            file.read(name, tmp_path)
        return caught.value.message, caught.value.hint

    return say


def test_the_text_arrives_as_it_is(tmp_path: pathlib.Path, key: pathlib.Path) -> None:
    assert file.read(f"secrets/{key.name}", tmp_path) == "line 1\r\nline 2\n"


def test_missing(tmp_path: pathlib.Path, refused: Callable[[str], tuple[str, str]]) -> None:
    place = tmp_path / "secrets" / "none"
    assert refused("secrets/none") == (
        "there is no file secrets/none in the lab folder",
        f"write the secret into {place}, and keep it out of version control",
    )


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o777])
def test_others_can_open_it(
    mode: int, key: pathlib.Path, refused: Callable[[str], tuple[str, str]]
) -> None:
    key.chmod(mode)
    assert refused("secrets/exam key") == (
        f"other users can open the file secrets/exam key: its mode is {mode:04o}",
        f"chmod 600 '{key}'",
    )


@posix
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_only_the_owner_can(mode: int, key: pathlib.Path, tmp_path: pathlib.Path) -> None:
    key.chmod(mode)
    assert file.read("secrets/exam key", tmp_path).startswith("line 1")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b", b"\x80"])
def test_not_text(
    content: bytes, key: pathlib.Path, refused: Callable[[str], tuple[str, str]]
) -> None:
    key.write_bytes(content)
    assert refused("secrets/exam key") == (
        "the file secrets/exam key is not UTF-8 text",
        "encode it, for example with base64(1)",
    )


def test_too_big(
    key: pathlib.Path, tmp_path: pathlib.Path, refused: Callable[[str], tuple[str, str]]
) -> None:
    key.write_bytes(b"x" * file.LIMIT)
    assert len(file.read("secrets/exam key", tmp_path)) == file.LIMIT
    key.write_bytes(b"x" * (file.LIMIT + 1))
    message = "the file secrets/exam key is bigger than 64 KiB"
    assert refused("secrets/exam key") == (message, "is it the right file?")


@pytest.mark.skipif(not pathlib.Path("/proc/self/maps").exists(), reason="needs procfs")
def test_longer_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "LIMIT", 10)
    monkeypatch.setattr(file.stat, "S_IMODE", lambda _mode: 0o600)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    with pytest.raises(errors.LabError, match=r"^the file self/maps is bigger than 64 KiB$"):
        file.read("self/maps", pathlib.Path("/proc"))


@posix
def test_a_fifo_is_refused_at_once(
    tmp_path: pathlib.Path, refused: Callable[[str], tuple[str, str]]
) -> None:
    os.mkfifo(tmp_path / "pipe", mode=0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("pipe", "folder"):
        assert refused(name) == (
            f"{name} is not a regular file",
            "a folder, a pipe or a device holds no secret",
        )


@posix
@pytest.mark.parametrize("link", ["secrets/link", "elsewhere/key"])
def test_a_link_out_of_the_folder_is_not_followed(
    link: str, tmp_path_factory: pytest.TempPathFactory, key: pathlib.Path,
    refused: Callable[[str], tuple[str, str]],
) -> None:  # fmt: skip
    outside = tmp_path_factory.mktemp("home")
    theirs = outside / "key"
    theirs.touch(mode=0o600)
    theirs.write_text("the user's own")
    folder = key.parents[1]
    (folder / "secrets" / "link").symlink_to(theirs)
    (folder / "elsewhere").symlink_to(outside)
    assert refused(link) == (
        f"the file {link} is a link out of the lab folder",
        "copy it into the lab folder, or name an environment variable instead",
    )


@posix
def test_a_link_inside_of_the_folder_is(tmp_path: pathlib.Path, key: pathlib.Path) -> None:
    (tmp_path / "link").symlink_to(key)
    assert file.read("link", tmp_path) == "line 1\r\nline 2\n"


@posix
def test_a_folder_that_cannot_be_entered(
    tmp_path: pathlib.Path, refused: Callable[[str], tuple[str, str]]
) -> None:
    (tmp_path / "file").touch(mode=0o600)
    assert refused("file/key") == (
        "the file file/key cannot be opened: Not a directory",
        "check its owner and permissions",
    )
