"""What verify found: one model for every rendering."""

from __future__ import annotations

import dataclasses

SEE = "what there is to see, root sees on the machine: 'lab.ssh MACHINE', then 'sudo -i'"
"""How the commands that show a failure are typed."""


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
    by_hand: str = ""
    """What root types on the machine to see it."""
    repair: str = ""
    """What makes it right again: a command, or a sentence."""
    when: str = ""
    """Empty, or `after reboot`."""
    commands: tuple[str, ...] = ()
    """What labkit would run as root on the machine to repair it; none where a secret is in it."""
    fixable: bool = False
    """Whether `lab.verify --fix` can repair it."""


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
class Repair:
    """One thing that was made right before the last look."""

    machine: str
    """Its name."""
    check: str
    """The kind of operation that made it so."""
    subject: str
    """What was changed."""
    before: str
    """What was there."""
    after: str
    """What is there now."""


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
    repairs: tuple[Repair, ...] = ()
    """What was repaired before the look that this report is of."""
    incomplete: str = ""
    """Why the run ended before it had looked at everything; empty when it had."""

    @property
    def ok(self) -> bool:
        """Whether everything was as it should be, and all that was meant was looked at."""
        whole = bool(self.results) and not self.incomplete
        return whole and all(result.ok for result in self.results)

    @property
    def see(self) -> str:
        """Where root sees what failed; empty where nothing is to be seen on a machine."""
        own = (each.by_hand for each in self.failures)
        return SEE if any(typed and not typed.startswith("'lab.") for typed in own) else ""

    @property
    def failures(self) -> tuple[Result, ...]:
        """What was not as it should be."""
        return tuple(result for result in self.results if not result.ok)
