"""The report of a run that ended before its end."""

from __future__ import annotations

import pytest

from labkit import errors
from labkit.report import draft, model

_GOOD = model.Result("a", "names", "x", ok=True)


@pytest.mark.parametrize(
    ("error", "why", "repair"),
    [
        (errors.LockedError("lab 'x' is in use", hint="wait"), "lab 'x' is in use", "wait"),
        (KeyboardInterrupt(), "interrupted", "'lab.verify'"),
        (ZeroDivisionError("oh"), "ZeroDivisionError: oh", "'lab.verify'"),
        (SystemExit(1), "SystemExit: 1", "'lab.verify'"),
    ],
)
def test_nothing_was_seen(error: BaseException, why: str, repair: str) -> None:
    report = draft.Draft().report("demo", ["a", "b"], error)
    assert report.incomplete == why
    assert [(each.machine, each.check, each.ok) for each in report.results] == [
        ("a", "run", False), ("b", "run", False),
    ]  # fmt: skip
    assert {(each.actual, each.repair) for each in report.results} == {(why, repair)}
    assert not report.ok


def test_what_was_seen_stays_and_the_rest_is_named() -> None:
    found = draft.Draft()
    found.add("a", "", [_GOOD])
    report = found.report("demo", ["a", "b"], KeyboardInterrupt())
    assert report.results[0] is _GOOD
    assert [each.machine for each in report.failures] == ["b"]


def test_all_that_was_seen_is_good_but_the_run_was_not_whole() -> None:
    found = draft.Draft()
    found.add("a", "", [_GOOD])
    report = found.report("demo", ["a"], KeyboardInterrupt())
    assert (report.failures, report.ok) == ((), False)


def test_a_second_look_replaces_the_first_but_not_the_one_after_a_reboot() -> None:
    found = draft.Draft()
    found.add("a", "", [_GOOD, _GOOD])
    found.add("a", "", [_GOOD])
    found.add("a", "after reboot", [_GOOD])
    assert len(found.report("demo", [], KeyboardInterrupt()).results) == 2
    found.forget()
    assert found.report("demo", [], KeyboardInterrupt()).results == ()
