"""What the kinds of checks that lab.yml adds have in common."""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING

from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

LIMIT = 30
"""Seconds that one such check may take on a machine."""


class Own(base.Check):
    """A check of lab.yml; it is asked on the machines that it names."""

    def __init__(self, own: model.OwnCheck) -> None:
        """Remember what is wanted."""
        self.own = own

    def probe(self, lab: model.Lab, machine: model.Machine) -> str | None:
        """Return shell text for the machines that are named."""
        del lab
        return self.ask(machine) if machine.name in self.own.machines else None

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Read what the machine printed; who wrote the check knows how to repair what it shows."""
        del lab
        repair = f"checks.{self.own.name} in lab.yml asks for it: make it so, or change the check"
        for seen in self.see(machine, answer):
            yield dataclasses.replace(seen, repair=repair)

    @abc.abstractmethod
    def see(self, machine: model.Machine, answer: script.Answer) -> Iterator[base.Seen]:
        """Compare what the machine printed with what is wanted."""

    @abc.abstractmethod
    def ask(self, machine: model.Machine) -> str:
        """Return shell text whose values are quoted."""

    def text(self, key: str) -> str:
        """Return a wanted value as text; empty where none is said."""
        value = self.own.wanted[key]
        return "" if value is None else str(value)


def contains(subject: str, wanted: str, text: str, by_hand: str) -> base.Seen:
    """Look for a text in what was seen."""
    ok = wanted in text
    return base.Seen(subject, ok, wanted, wanted if ok else text.strip(), by_hand)
