"""What verify found: one model for every rendering."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """One thing that was looked at on one machine."""

    machine: str
    """Its name."""
    check: str
    """The check, or the kind of operation, that looked."""
    subject: str
    """What was looked at."""
    ok: bool
    """Whether it was as it should be."""
    expected: str = ""
    """What should be there."""
    actual: str = ""
    """What was there instead; it may hold whatever a machine prints."""
    hint: str = ""
    """How to see it by hand, or what makes it right again."""
    when: str = ""
    """Empty, or `after reboot`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """A setting of one machine that is kept in two places, which may differ."""

    machine: str
    """Its name."""
    subject: str
    """The setting."""
    wanted: str
    """What the lab says."""
    file: str
    """What the next boot will bring."""
    runtime: str
    """What was in force."""
    after: str | None = None
    """What was in force after the reboot; none when there was no reboot."""

    @property
    def ok(self) -> bool:
        """Whether it is as wanted now, at the next boot, and after the one that was made."""
        values = {self.file, self.runtime, self.runtime if self.after is None else self.after}
        return values == {self.wanted}


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """All that was looked at in one run."""

    lab: str
    """Its name."""
    results: tuple[Result, ...]
    """Machine by machine; with a reboot first all from before it."""
    seconds: float
    """How long looking took."""
    skipped: tuple[str, ...] = ()
    """Checks that were left out on purpose."""
    settings: tuple[Setting, ...] = ()
    """Those whose value for the next boot may differ from the one in force."""

    @property
    def ok(self) -> bool:
        """Whether everything was as it should be, and anything was looked at."""
        return bool(self.results) and all(result.ok for result in self.results)

    @property
    def failures(self) -> tuple[Result, ...]:
        """What was not as it should be."""
        return tuple(result for result in self.results if not result.ok)
