"""`class.roster` as it is typed; what the sheets say is in tests/classroom and tests/sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable


@pytest.fixture
def room(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, labkit: Callable[..., Any]
) -> pathlib.Path:
    folder = tmp_path / "my-class"
    assert labkit("class.init", str(folder)).code == 0
    monkeypatch.chdir(folder)
    return folder


def test_sheets_for_all_and_for_one(room: pathlib.Path, labkit: Callable[..., Any]) -> None:
    done = labkit("class.roster")
    assert (done.code, done.out, done.err) == (0, "2 sheets: sheets.html\n", "")
    text = (room / "sheets.html").read_text(encoding="utf-8")
    assert "Suzuki Hanako" in text
    assert "PRIVATE KEY" not in text
    done = labkit("class.roster", "--only", "taro", "--secrets", "--output", "taro.html",
                  "--lang", "ja")  # fmt: skip
    assert (done.code, done.out) == (0, "1 sheets: taro.html\n")
    text = (room / "taro.html").read_text(encoding="utf-8")
    assert "PRIVATE KEY" in text
    assert "Hanako" not in text
    assert (room / "taro.html").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--output", "a.doc"),
            "error: 'a.doc' says no format of sheets\nhint: end its name with .html or .pdf\n",
        ),
        (
            ("--server", "a b"),
            (
                "error: 'a b' is no name of a server\nhint: write the name or the address by which "
                "students reach it: --server lab.example\n"
            ),
        ),
        (
            ("--board", "http://192.0.2.10:8080"),
            (
                "error: labs on this host are on the board without being told its address\n"
                "hint: --board is for the students' own computers: add --laptops\n"
            ),
        ),
        (
            ("--laptops", "--board", "ftp://x"),
            (
                "error: 'ftp://x' is no address of a board\n"
                "hint: 'labkit class.board' prints it, for example http://192.0.2.10:8080\n"
            ),
        ),
    ],
)
def test_what_is_refused(
    room: pathlib.Path, labkit: Callable[..., Any], options: tuple[str, ...], said: str
) -> None:
    done = labkit("class.roster", *options)
    assert (done.code, done.out, done.err) == (2, "", said)
    assert not (room / "students").exists(), "nothing was made"
