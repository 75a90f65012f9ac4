"""What verify found: one model for every rendering."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """One thing that was looked at on one machine."""

    machine: str
    check: str
    subject: str
    ok: bool
    expected: str = ""
    actual: str = ""
    hint: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """All that was looked at in one run."""

    lab: str
    results: tuple[Result, ...]
    seconds: float
    skipped: tuple[str, ...] = ()
    """Checks that were left out on purpose."""

    @property
    def ok(self) -> bool:
        """Whether everything was as it should be, and anything was looked at."""
        return bool(self.results) and all(result.ok for result in self.results)

    @property
    def failures(self) -> tuple[Result, ...]:
        """What was not as it should be."""
        return tuple(result for result in self.results if not result.ok)
