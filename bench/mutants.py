"""The mutations of tests/cases/mutations, and how what verify says of them is judged. Pure."""

from __future__ import annotations

import dataclasses
import fnmatch
import pathlib
from typing import TYPE_CHECKING, Any

import yaml

from labkit import checks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

CASES = pathlib.Path(__file__).parents[1] / "tests" / "cases" / "mutations"
LONG = frozenset({"ansible", "mirror"})
"""Checks that take long on a broken machine: asked where one of them is expected to complain."""


@dataclasses.dataclass(frozen=True, slots=True)
class Mutation:
    """One way to break a machine, how to heal it, and what verify must say then."""

    name: str
    why: str
    machine: str
    alone: bool
    """Whether it shows on other machines too, so that nothing else is broken meanwhile."""
    virtual: bool
    """Whether it takes a virtual machine: its hardware, its kernel, or packages to install."""
    breaks: str
    heals: str
    expect: tuple[tuple[str, str], ...]
    """Machines, and patterns (fnmatch) of `CHECK: SUBJECT`; each must be there, and no other."""
    may: tuple[tuple[str, str], ...] = ()
    """Patterns of what may be there besides, where chance decides: of two machines with one MAC
    address, a switch sends frames to the one that it heard last."""

    def expected(self, asked: Collection[str]) -> tuple[tuple[str, str], ...]:
        """Return what the checks that are asked must say."""
        left_out = set(checks.every()) - set(asked)
        return tuple(each for each in self.expect if each[1].partition(":")[0] not in left_out)


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What verify said of a mutation."""

    mutation: Mutation
    said: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]
    """Expected, and not said."""
    unrelated: tuple[tuple[str, str], ...]
    """Said, and not expected."""

    @property
    def ok(self) -> bool:
        """Whether exactly the broken thing was named."""
        return not self.missing and not self.unrelated


def load() -> tuple[Mutation, ...]:
    """Read all mutations."""
    return tuple(_mutation(file) for file in sorted(CASES.glob("*.yml")))


def _mutation(file: pathlib.Path) -> Mutation:
    data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    expect, may = _patterns(data.pop("expect")), _patterns(data.pop("may", {}))
    breaks, heals = data.pop("break"), data.pop("heal")
    data = {"alone": False, "virtual": False, **data}
    return Mutation(file.stem, **data, breaks=breaks, heals=heals, expect=expect, may=may)


def _patterns(data: dict[str, list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, each) for name, said in data.items() for each in said)


def rounds(mutations: Iterable[Mutation]) -> list[list[Mutation]]:
    """Put together what can be broken at once: one mutation a machine that shows on no other."""
    found: list[list[Mutation]] = []
    for mutation in mutations:
        shared = (
            each
            for each in found
            if not (mutation.alone or each[0].alone)
            and mutation.machine not in {other.machine for other in each}
            and long(each) == long([mutation])
        )
        if there := next(shared, None):
            there.append(mutation)
        else:
            found.append([mutation])
    return found


def long(mutations: Iterable[Mutation]) -> frozenset[str]:
    """Return the checks that take long, and that some of the mutations let complain."""
    said = {pattern.partition(":")[0] for each in mutations for _, pattern in each.expect}
    return frozenset(LONG & said)


def judged(
    mutation: Mutation,
    said: Sequence[tuple[str, str]],
    others: Iterable[Mutation],
    asked: Collection[str],
) -> Verdict:
    """Compare what was said with what the mutation, and others beside it, were to bring.

    Args:
        mutation: The one that is judged.
        said: Machines, and `CHECK: SUBJECT` of each failure.
        others: All that was broken at once.
        asked: The checks that were asked.
    """
    every = [pattern for each in others for pattern in (*each.expected(asked), *each.may)]
    mine = mutation.expected(asked)
    return Verdict(
        mutation,
        tuple(each for each in said if any(_fits(each, its) for its in (*mine, *mutation.may))),
        tuple(pattern for pattern in mine if not any(_fits(each, pattern) for each in said)),
        tuple(each for each in said if not any(_fits(each, pattern) for pattern in every)),
    )


def _fits(said: tuple[str, str], pattern: tuple[str, str]) -> bool:
    return said[0] == pattern[0] and fnmatch.fnmatchcase(said[1], pattern[1])
