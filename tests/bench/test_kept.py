"""A measurement in parts ends with what one in one piece would have."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bench import kept, mutants

if TYPE_CHECKING:
    import pathlib

_EVERY = mutants.load()
_VERDICT = mutants.Verdict(
    _EVERY[0], (("web-01", "hosts: /etc/hosts"),), (), (("web-02", "clock: clock"),)
)


def test_what_was_found_is_there_again(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "kept"
    first = kept.load(file, _EVERY)
    assert (first.verdicts, first.healthy) == ([], [])
    first.judged(_VERDICT)
    first.looked(1.5, 0)
    second = kept.load(file, _EVERY)
    second.looked(2.5, 3)
    third = kept.load(file, _EVERY)
    assert third.verdicts == [_VERDICT]
    assert third.healthy == [(1.5, 0), (2.5, 3)]


def test_a_verdict_on_what_was_changed_since_does_not_count(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "kept"
    kept.load(file, _EVERY).judged(_VERDICT)
    changed = dataclasses.replace(_EVERY[0], breaks="something else")
    assert kept.load(file, [changed, *_EVERY[1:]]).verdicts == []


def test_without_a_file_nothing_is_kept() -> None:
    found = kept.load(None, _EVERY)
    found.judged(_VERDICT)
    assert found.verdicts == [_VERDICT]
    assert kept.load(None, _EVERY).verdicts == []
