"""What a check is: shell text for a machine, and a pure reading of what it printed.

A check looks at what the operations' own states cannot show, mostly because it takes several
machines. All checks of a machine travel with its probes, in one round trip. What compares machines
with one another keeps a fact of each, and reads all facts once every machine has answered.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labkit.converge import script
    from labkit.plan import model

Fact = TypeVar("Fact")


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """One thing that a check looked at."""

    subject: str
    ok: bool
    expected: str = ""
    actual: str = ""
    by_hand: str = ""
    """What root types on the machine to see it."""
    repair: str = ""
    """What makes it right again: a task in quotes (`'lab.apply --only web-01'`), a command that
    root types on the machine, or a sentence."""


def equal(subject: str, expected: str, actual: str, by_hand: str = "", repair: str = "") -> Seen:
    """Compare what should be with what is."""
    return Seen(subject, expected == actual, expected, actual, by_hand, repair)


MADE = (
    "a machine keeps what it was made with: 'lab.destroy', then 'lab.up' makes it as lab.yml says"
)
"""How to repair what no program inside a machine can change."""


def apply(machine: str, tag: str = "", *others: str) -> str:
    """Return the task that makes machines as wanted again, whole or in what has a tag."""
    names = "".join(f" --only {each}" for each in (machine, *others))
    return f"'lab.apply{names}{f' --tags {tag}' if tag else ''}'"


class Check(abc.ABC):
    """One check. A module of this package defines one, and its name is the check's."""

    slow: ClassVar[bool] = False
    """Takes many seconds, so a second `up` of a verified lab leaves it out."""

    @abc.abstractmethod
    def probe(self, lab: model.Lab, machine: model.Machine) -> str | None:
        """Return shell text for a machine, or None when the check is not for that machine."""

    @abc.abstractmethod
    def read(self, lab: model.Lab, machine: model.Machine, answer: script.Answer) -> Iterator[Seen]:
        """Read what the machine printed."""


class Compared(Check, Generic[Fact]):
    """A check that compares machines with one another, from what each one printed."""

    def read(self, lab: model.Lab, machine: model.Machine, answer: script.Answer) -> Iterator[Seen]:
        """See nothing on a machine alone."""
        del lab, machine, answer
        yield from ()

    @abc.abstractmethod
    def fact(self, machine: model.Machine, answer: script.Answer) -> Fact:
        """Read what a machine printed, as soon as it has."""

    @abc.abstractmethod
    def across(self, lab: model.Lab, facts: Mapping[str, Fact]) -> Iterator[tuple[str, Seen]]:
        """Compare the facts of all machines that answered; yield each one's name and what is seen.

        Args:
            lab: The whole plan.
            facts: By the machines' names; those that were not asked, or did not answer, are not in.
        """


AnyCompared = Compared[Any]
