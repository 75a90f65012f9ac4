"""What machines print reaches terminals without control characters."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain ä 日本", "plain ä 日本"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\rc\td\0", "a\\nb\\rc\\td\\x00"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 300 + "..."),
        ("\0" * 1000, "\\x00" * 75 + "..."),
    ],
)
def test_line(text: str, shown: str) -> None:
    assert visible.line(text) == shown


@hypothesis.given(st.text())
@hypothesis.settings(max_examples=50, deadline=None)
def test_a_line_is_printable_and_short(text: str) -> None:
    for function in (visible.line, visible.lines):
        shown = function(text)
        assert all(character.isprintable() or character == "\n" for character in shown)
    assert "\n" not in visible.line(text)
    assert len(visible.line(text)) <= 303 * 10


def test_lines_keep_their_breaks() -> None:
    assert visible.lines("a\x07\nb\n") == "a\\x07\nb"


def test_a_line_of_ten_megabytes() -> None:
    assert visible.line("x" * 10_000_000) == "x" * 300 + "..."


def test_console() -> None:
    text = (
        "\x1b[2J\x1b[1;1H[\x1b[0;32m  OK  \x1b[0m] Started ssh\r\n\n  \n"
        "\x1b]0;title\x07\x1bMlogin: \x08"
    )
    assert visible.console(text, 5) == "[  OK  ] Started ssh\n0;title\\x07login: \\x08"
    assert visible.console("a\nb\nc\n", 2) == "b\nc"
    assert visible.console("", 5) == ""


def test_whole_texts_keep_their_lines_and_lengths() -> None:
    long = "x" * 1000
    assert visible.whole(f"a\n\tb\r\x1b[2J\n{long}\n") == f"a\n\tb\\r\\x1b[2J\n{long}\n"
