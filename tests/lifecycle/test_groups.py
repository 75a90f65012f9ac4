"""Which snapshots a lab has, and what they may be called."""

from __future__ import annotations

import pytest

from labkit import errors, workspace
from labkit.lifecycle import groups
from labkit.providers import base

_Mark = workspace.SnapshotMark


@pytest.mark.parametrize(
    "name", ["before-exam", "1", "a.b_c-D", "x" * 40, "2026-11-21", "verified2", "Verified"]
)
def test_names(name: str) -> None:
    groups.check(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "''"),
        ("-x", "'-x'"),
        (".x", "'.x'"),
        ("a b", "'a b'"),
        ("a/b", "'a/b'"),
        ("verified~1", "'verified~1'"),
        ("x" * 41, f"'{'x' * 41}'"),
        ("ä", "'ä'"),
        ("x\n", r"'x\n'"),
        ("\x1b[2J", r"'\x1b[2J'"),
    ],
)
def test_what_is_no_name(name: str, shown: str) -> None:
    with pytest.raises(errors.LabError) as caught:
        groups.check(name)
    assert caught.value.message == f"{shown} is no name for a snapshot"
    assert caught.value.hint == (
        "up to 40 letters, digits, '-', '_' and '.', the first one a letter or a digit"
    )


def test_labkits_own_name() -> None:
    with pytest.raises(errors.LabError) as caught:
        groups.check("verified")
    assert caught.value.message == "'verified' is the snapshot that labkit keeps by itself"
    assert caught.value.hint == (
        "'lab.reset' goes back to it; choose another name for one of your own"
    )


def _saved(**tags: float) -> dict[str, base.Snapshot]:
    return {
        tag.replace("__", "~"): base.Snapshot(taken, running=True) for tag, taken in tags.items()
    }


def test_a_group_is_of_all_machines_and_the_oldest_comes_first() -> None:
    found = {"a": _saved(new=30, old=10), "b": _saved(new=31, old=9)}
    whole = groups.whole(found, {})
    assert list(whole) == ["old", "new"]
    assert whole["new"].taken == 31
    assert set(whole["new"].machines) == {"a", "b"}


@pytest.mark.parametrize(
    ("mark", "there"),
    [(_Mark.SAVING, False), (_Mark.REMOVING, False), (_Mark.SAVED, True), (_Mark.RESTORING, True)],
)
def test_what_the_ledger_says_is_not_whole_is_not_there(mark: _Mark, there: bool) -> None:
    assert ("x" in groups.whole({"a": _saved(x=1)}, {"x": mark})) is there


@pytest.mark.parametrize(
    ("marks", "newest"),
    [({}, "verified~10"), ({"verified~10": _Mark.SAVING}, "verified~9")],
)
def test_the_newest_verified_state_counts(marks: dict[str, _Mark], newest: str) -> None:
    found = {"a": _saved(verified__9=1, verified__10=2)}
    whole = groups.whole(found, marks)
    assert {name: group.tag for name, group in whole.items()} == {"verified": newest}


def test_the_next_verified_state() -> None:
    assert groups.next_verified([]) == "verified~1"
    assert groups.next_verified(["x", "verified~9", "verified~10"]) == "verified~11"


@pytest.mark.parametrize(
    ("lacking", "said"), [(("b",), "b"), (("b", "c"), "b or c"), (("b", "c", "d"), "b, c or d")]
)
def test_a_group_that_lacks_machines(lacking: tuple[str, ...], said: str) -> None:
    group = groups.Group("x", "x", {"a": base.Snapshot(1, running=True)})
    assert groups.missing(group, ("a",), "demo") is None
    error = groups.missing(group, ("a", *lacking), "demo")
    assert error is not None
    assert error.message == f"snapshot 'x' of lab 'demo' has no {said}"
    assert error.hint == (
        "who came to the lab later cannot go back with it: take it out of lab.yml, or save a new "
        "snapshot"
    )
