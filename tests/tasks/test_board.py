"""`class.board` as it is typed; what it serves is in tests/board."""

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


def test_the_board_as_files(room: pathlib.Path, labkit: Callable[..., Any]) -> None:
    done = labkit("class.board", "--static", "out/deep")
    assert (done.code, done.out, done.err) == (0, "out/deep/index.html\n", "")
    text = (room / "out" / "deep" / "index.html").read_text()
    assert text.count('<tr class="absent"') == 2
    assert "data-live" not in text
    assert labkit("class.board", "--static", "one", "--only", "taro").code == 0
    text = (room / "one" / "index.html").read_text()
    assert "Yamada Taro" in text
    assert "Suzuki Hanako" not in text
    done = labkit("class.board", "--static", "one", "--only", "tarou")
    assert done.err.endswith("has no student 'tarou'\nhint: did you mean 'taro'?\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--bind", "nowhere"),
            (
                "error: 'nowhere' is not an address to listen on\n"
                "hint: write an IP address of this host, or 0.0.0.0 for all of them\n"
            ),
        ),
        (("--port", "99999"), "error: 99999 is not a port\nhint: ports are 1 to 65535\n"),
        (
            ("--bind", "192.0.2.1"),
            (
                "error: cannot listen on 192.0.2.1 port 0: Cannot assign requested address\n"
                "hint: choose another --port, or an address of this host for --bind\n"
            ),
        ),
    ],
)
@pytest.mark.usefixtures("room")
def test_where_it_cannot_listen(
    labkit: Callable[..., Any], options: tuple[str, ...], said: str
) -> None:
    done = labkit("class.board", *options)
    assert (done.code, done.out, done.err) == (2, "", said)
