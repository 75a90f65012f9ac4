"""The machines' clocks agree with one another; certificates and logs need that.

Each is compared with the looking host's by the times of asking and answering, as NTP does (RFC
5905): what is not certain counts for the machine. How long the machine worked between the two is
known from the start of its shell, and taken out.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labkit.converge import script
    from labkit.plan import model

_TOLERANCE = 2.0
"""Seconds between two machines; etcd warns at one, Kerberos refuses at three hundred."""
_BY_HAND = "date +%s on each machine at once"


@dataclasses.dataclass(frozen=True, slots=True)
class Offset:
    """Seconds between which a clock is ahead of the host's for certain."""

    least: float
    most: float

    def beyond(self, other: Offset) -> float:
        """Return by how many seconds it differs from another one for certain."""
        return max(0.0, self.least - other.most, other.least - self.most)


class TimeOffset(base.Compared[Offset]):
    """The clock, and how long the shell has run by the clock that nobody sets (proc(5))."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print the host's time of asking, the machine's, its uptime, and its shell's start.

        Field 22 of the shell's stat is in hundredths of a second since boot (proc_pid_stat(5)); the
        name before it is 'sh', so that no blank in it can move the others.
        """
        del lab, machine
        return (
            shell.line("echo {} $(date +%s.%N)\n", f"{time.time():.2f}")
            + "cut -d ' ' -f 1 /proc/uptime\ncut -d ' ' -f 22 /proc/$$/stat"
        )

    def fact(self, machine: model.Machine, answer: script.Answer) -> Offset:
        """Enclose the clock between what it can be at most and at least."""
        del machine
        arrived = time.time()
        asked, shown, uptime, started = (float(word) for word in answer.output.split())
        worked = max(0.0, uptime - started / 100)
        return Offset(shown - arrived, max(shown - arrived, shown - worked - asked))

    def across(
        self, lab: model.Lab, facts: Mapping[str, Offset]
    ) -> Iterator[tuple[str, base.Seen]]:
        """Compare each with the one in the middle; of two in the middle, with the host's nearer."""
        del lab
        order = sorted(facts.values(), key=lambda each: each.least + each.most)
        if not order:
            return
        middle = min(
            order[(len(order) - 1) // 2], order[len(order) // 2],
            key=lambda each: each.beyond(Offset(0, 0)),
        )  # fmt: skip
        for name, offset in facts.items():
            beyond = offset.beyond(middle)
            ahead = "ahead" if offset.least > middle.most else "behind"
            actual = f"{beyond:.0f} s {ahead}" if beyond > _TOLERANCE else "within 2 s"
            subject = "clock beside the other machines'"
            yield (
                name,
                base.equal(
                    subject,
                    f"within {_TOLERANCE:.0f} s",
                    actual,
                    _BY_HAND,
                    base.apply(name, "clock"),
                ),
            )
