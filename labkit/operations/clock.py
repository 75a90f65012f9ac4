"""The machine's clock, compared with the clock of the host that looks at it."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, ClassVar

import pydantic

from labkit import shell
from labkit.operations import base

if TYPE_CHECKING:
    from labkit.families import base as family_base


@dataclasses.dataclass(frozen=True, slots=True)
class ClockState:
    """What the machine's clock showed, and the host's times between which it did so (seconds)."""

    shown: float
    not_before: float
    not_after: float

    @property
    def ahead(self) -> float:
        """Seconds by which the clock is ahead for certain; negative when it is behind."""
        if self.shown > self.not_after:
            return self.shown - self.not_after
        return min(0.0, self.shown - self.not_before)


class Clock(base.Operation[ClockState]):
    """`clock: {tolerance: 5}`, in seconds.

    A machine is asked among other things, on a way of unknown length, so its clock counts as right
    whenever what it shows lies between the asking and the answer.
    """

    unique: ClassVar[bool] = True

    tolerance: float = pydantic.Field(default=5.0, ge=0, allow_inf_nan=False)

    def probe(self) -> str:
        """Print the host's time of asking, then the machine's time."""
        return shell.line("echo {} $(date +%s)", int(time.time()))

    def read(self, output: str) -> ClockState:
        """Read the two times; the host's time of reading is the third."""
        try:
            asked, shown = (float(word) for word in output.split())
        except ValueError as error:
            raise base.FactError(f"expected two times in seconds, got {output!r}") from error
        return ClockState(shown, asked, time.time())

    def diff(self, state: ClockState) -> tuple[base.Change, ...]:
        """Move the clock by the difference, whatever time has passed since it was seen."""
        if abs(state.ahead) <= self.tolerance:
            return ()
        move = shell.line("date -s {} > /dev/null", f"{-state.ahead:+.0f} seconds")
        return (base.Change("clock", f"{state.ahead:+.0f} s", "the host's time", (move,)),)

    def see(self) -> str:
        """Show the time; beside it stands the time of whoever looks."""
        return "date -u"

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Set it by the hardware clock, which in a virtual machine shows the host's time.

        hwclock(8) does the same; it is not installed everywhere.
        """
        del family
        return ('date -s "@$(cat /sys/class/rtc/rtc0/since_epoch)"',)
