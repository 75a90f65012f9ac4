"""The mutations are data that cover all that verify looks at; how they are judged is pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from bench import mutants, mutations
from labkit import checks
from labkit.profiles import load as profiles
from labkit.profiles import shelf
from labkit.ssh import keyring
from labkit.workspace import Workspace

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from labkit.plan import model

_EVERY = mutants.load()


@pytest.fixture(scope="module")
def lab(plan_of: Callable[[str], model.Lab]) -> model.Lab:
    return plan_of(mutations.LAB)


def test_there_are_enough_and_each_says_what_it_is(lab: model.Lab) -> None:
    assert len(_EVERY) >= 40
    names = {machine.name for machine in lab.machines}
    for each in _EVERY:
        assert each.why, each.name
        assert {each.machine} | {machine for machine, _ in each.expect} <= names, each.name
        assert each.machine in {machine for machine, _ in each.expect} or each.alone, each.name
        assert len({each.breaks, each.heals}) == 2, each.name
    assert len({each.why for each in _EVERY}) == len(_EVERY)
    # What the tests that are run every time break, in containers.
    assert sum(not each.virtual for each in _EVERY) >= 40


def test_all_that_verify_looks_at_is_broken_by_one(lab: model.Lab, tmp_path: pathlib.Path) -> None:
    space = Workspace(tmp_path, lab.name)
    space.make()
    keys = keyring.ensure(lab, space)
    kinds = {
        step.kind
        for machine in lab.machines
        for step in profiles.steps(lab, machine, keys, shelf.Shelf(tmp_path))
    }
    expected = {pattern.partition(": ")[0] for each in _EVERY for _, pattern in each.expect}
    assert expected == kinds | set(checks.every())


def test_what_is_broken_at_once_does_not_meet() -> None:
    rounds = mutants.rounds(_EVERY)
    assert sorted(each.name for together in rounds for each in together) == sorted(
        each.name for each in _EVERY
    )
    for together in rounds:
        assert len({each.machine for each in together}) == len(together)
        assert len(together) == 1 or not any(each.alone for each in together)
    assert len(rounds) < len(_EVERY)


_MUTATION = mutants.Mutation(
    name="one",
    why="Why",
    machine="web-01",
    alone=False,
    virtual=False,
    breaks="false",
    heals="true",
    expect=(("web-01", "reach: ping to *"), ("ansible-01", "ssh: log in to web-01")),
)
_SAID = (("web-01", "reach: ping to web-02 (192.168.56.62)"),
         ("ansible-01", "ssh: log in to web-01"))  # fmt: skip


def _judged(*said: tuple[str, str], asked: tuple[str, ...] = ("reach", "ssh")) -> mutants.Verdict:
    return mutants.judged(_MUTATION, said, [_MUTATION], asked)


def test_a_verdict() -> None:
    assert _judged(*_SAID).ok
    assert not _judged().ok
    missing = _judged(_SAID[0])
    assert (missing.missing, missing.unrelated) == (_MUTATION.expect[1:], ())
    more = ("web-02", "clock: clock")
    unrelated = _judged(*_SAID, more)
    assert (unrelated.missing, unrelated.unrelated, unrelated.ok) == ((), (more,), False)
    # The same words of another machine are something else.
    assert not _judged(_SAID[1], ("web-02", _SAID[0][1])).ok


def test_what_chance_decides_may_be_said() -> None:
    by_chance = dataclasses.replace(
        _MUTATION, expect=_MUTATION.expect[:1], may=_MUTATION.expect[1:]
    )
    for said in (_SAID, _SAID[:1]):
        verdict = mutants.judged(by_chance, said, [by_chance], ("reach", "ssh"))
        assert (verdict.ok, verdict.said) == (True, said)
    assert not mutants.judged(by_chance, _SAID[1:], [by_chance], ("reach", "ssh")).ok


def test_what_is_not_asked_is_not_expected() -> None:
    assert _judged(_SAID[0], asked=("reach",)).ok
    assert not _judged(*_SAID, asked=("reach",)).ok


def test_the_page_counts_and_names() -> None:
    good = _judged(*_SAID)
    bad = dataclasses.replace(good, unrelated=(("web-02", "clock: a|b"),))
    page = mutations.page([good, bad], [(1.0, 0), (3.0, 2)])
    assert "**1 of 2** mutations" in page
    assert "**1 of 2** looks" in page
    assert "median of 2.0 s" in page
    assert "| yes |" in page
    assert "| **no**: unrelated web-02: clock: a\\|b |" in page
