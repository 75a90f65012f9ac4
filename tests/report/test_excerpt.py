"""What is cut from a text, and that it is said."""

from __future__ import annotations

import time

from labkit.report import excerpt


def test_what_is_short_stays() -> None:
    for text in ("", "x", "a\nb", "x" * excerpt.WIDTH, "\n" * (excerpt.LINES - 1), "a\x0cb\u2028c"):
        assert excerpt.cut(text) == text


def test_a_long_line_is_cut() -> None:
    assert excerpt.cut("x" * 500 + "\nend") == "x" * excerpt.WIDTH + "…\nend"
    assert excerpt.line("a\nb" + "x" * 500) == "a b" + "x" * (excerpt.WIDTH - 3) + "…"


def test_many_lines_are_cut() -> None:
    assert excerpt.cut("a\nb\nc", lines=2) == "a\nb\n… the first 2 lines of 5 characters"


def test_ten_megabytes_are_cut_at_once() -> None:
    start = time.monotonic()
    for text in ("x" * 10_000_000, "x\n" * 5_000_000):
        assert len(excerpt.cut(text)) < 20_000
        assert len(excerpt.line(text)) < 500
        assert len(str(excerpt.differing(text, "a\nb\n" + text))) < 30_000
    assert time.monotonic() - start < 60


def test_lines_that_differ() -> None:
    assert excerpt.differing("a\nold\nb\n", "a\nnew\nb\n") == (
        ("@", "@ -1,3 +1,3 @@"), (" ", "a"), ("-", "old"), ("+", "new"), (" ", "b"),
    )  # fmt: skip


def test_many_lines_that_differ_are_cut() -> None:
    found = excerpt.differing("", "x\n" * 100)
    assert found
    assert len(found) == excerpt.LINES + 1
    assert found[-1] == ("@", "…")


def test_one_line_is_not_compared() -> None:
    assert excerpt.differing("first\nsecond", "ok") is None
    assert excerpt.differing("", "ok\n") is None
