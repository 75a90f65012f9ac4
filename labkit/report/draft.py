"""What a run has found so far, for the report of one that ends before its end."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors
from labkit.report import model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_UNSEEN = "run"
"""The check that stands for a machine at which nobody has looked."""


@dataclasses.dataclass(slots=True)
class Draft:
    """Filled machine by machine, from several threads."""

    begun: bool = False
    """Whether the run came so far as to look at a machine."""
    seen: dict[tuple[str, str], tuple[model.Result, ...]] = dataclasses.field(
        default_factory=dict[tuple[str, str], tuple[model.Result, ...]]
    )
    """By machine and time (`after reboot`); a second look at the same time replaces the first."""
    repairs: tuple[model.Repair, ...] = ()
    """What was repaired so far."""

    def add(self, machine: str, when: str, results: Iterable[model.Result]) -> None:
        """Keep what one machine showed."""
        self.seen[machine, when] = tuple(results)

    def forget(self) -> None:
        """Forget what was seen, because the machines are being changed."""
        self.seen.clear()

    def report(self, lab: str, machines: Iterable[str], error: BaseException) -> model.Report:
        """Return the report of a run that an error ends: what was seen, and why no more was."""
        why, repair = _reason(error)
        seen: Mapping[tuple[str, str], tuple[model.Result, ...]] = dict(self.seen)
        looked = {machine for machine, _ in seen}
        unseen = (
            model.Result(
                name,
                _UNSEEN,
                "was looked at",
                ok=False,
                actual=why,
                repair=repair or "'lab.verify'",
            )
            for name in machines
            if name not in looked
        )
        found = (result for results in seen.values() for result in results)
        return model.Report(
            lab, (*found, *unseen), 0.0, repairs=self.repairs, incomplete=why or "it failed"
        )


def _reason(error: BaseException) -> tuple[str, str]:
    match error:
        case errors.LabError():
            return error.message, error.hint
        case KeyboardInterrupt():
            return "interrupted", ""
        case _:
            return f"{type(error).__name__}: {error}", ""
