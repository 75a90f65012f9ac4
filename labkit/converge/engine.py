"""Make one machine what its steps say.

All probes travel in one round trip, all changes and the new probes in a second. A machine that is
as wanted costs one. Deciding is in the operations and in `look`; here is only the way of the texts.
"""

from __future__ import annotations

import collections
import dataclasses
import time
from typing import TYPE_CHECKING

from labkit import errors
from labkit.converge import look as looks
from labkit.converge import rollback, script
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.profiles import load

_PROBE_TIMEOUT = 120.0
_APPLY_TIMEOUT = 900.0
"""Seconds for all changes of a machine; installing packages on an emulated one takes minutes."""
_GUARDED_TIMEOUT = rollback.SECONDS + 15.0
"""Seconds for changes that may cut the connection: it may stand still instead of breaking."""
_REBOOT_TIMEOUT = 300.0
_RETURN_TIMEOUT = 60.0
"""Seconds in which a machine whose connection broke must be there again."""
_TRIES = 3
"""Changes of one step; what a later step undoes more often than that is a circle."""

_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


@dataclasses.dataclass(slots=True)
class Outcome:
    """What was done to a machine."""

    changes: list[looks.Look] = dataclasses.field(default_factory=list[looks.Look])
    round_trips: int = 0
    rebooted: bool = False


class Machine:
    """One machine on its way to what its steps say."""

    def __init__(
        self,
        session: sessions.Session,
        steps: Sequence[load.Step],
        narrate: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Remember the machine; nothing is sent yet."""
        self._session = session
        self._steps = tuple(steps)
        self._narrate = narrate
        self._name = session.endpoint.machine
        self._lost = False
        self.outcome = Outcome()

    def look(self) -> tuple[looks.Look, ...]:
        """Say of every step what is not as wanted; changes nothing.

        Raises:
            errors.UnreachableError: The machine did not answer, or not in time.
        """
        batch = script.batch([step.operation.probe() for step in self._steps])
        try:
            output = self._run(batch, self._steps, _PROBE_TIMEOUT, "look")
        except errors.UnreachableError as error:
            self._return(error)
            output = self._run(batch, self._steps, _PROBE_TIMEOUT, "look")
        return self._read(batch, output)

    def converge(self) -> Outcome:
        """Make every step hold, rebooting once where a change needs it.

        Raises:
            errors.ConvergeError: A command failed, or a change did not hold.
            errors.UnreachableError: The machine did not answer in time.
        """
        self._settle(self.look())
        return self.outcome

    def _settle(self, seen: tuple[looks.Look, ...]) -> None:
        tries = collections.Counter[int]()
        while chosen := looks.following(seen):
            tries.update(id(each.step) for each in chosen)
            if max(tries[id(each.step)] for each in chosen) > _TRIES:
                raise self._not_held(chosen)
            self.outcome.changes += chosen
            seen = self._apply(chosen)
        for each in seen:
            if each.error is not None:
                raise self._unreadable(each)
        left = [each for each in seen if each.changes]
        if left:
            if self.outcome.rebooted:
                raise self._not_held(left)
            self.outcome.changes += left
            self.reboot()
            self._settle(self.look())

    def _apply(self, chosen: Sequence[looks.Look]) -> tuple[looks.Look, ...]:
        """Apply changes in order and look at everything again, in one round trip."""
        self._narrate(f"changing {looks.subjects(chosen)}")
        guarded = any(each.cuts for each in chosen)
        before = (rollback.BEGIN,) if guarded else ()
        sections = [*before, *(each.commands for each in chosen)]
        changes = script.batch(sections, changing=True)
        probes = script.batch([step.operation.probe() for step in self._steps])
        both = dataclasses.replace(changes, text=f"{changes.text}\n{probes.text}")
        about = [*(chosen[0] for _ in before), *chosen]
        try:
            timeout = _GUARDED_TIMEOUT if guarded else _APPLY_TIMEOUT
            output = self._run(both, [each.step for each in about], timeout, "change")
        except errors.UnreachableError as error:
            if guarded:
                return self._after_the_cut(chosen)
            self._return(error)
            return self.look()
        for each, answer in zip(about, changes.answers(output), strict=False):
            if answer.status != 0:
                raise self._failed(each, answer)
        if guarded:
            self._confirm(chosen)
        return self._read(probes, output)

    def _confirm(self, chosen: Sequence[looks.Look]) -> None:
        """Come in anew, over whatever way there is now, and say that it is the right one."""
        self._session.close()
        sessions.wait(self._session, timeout=2 * rollback.SECONDS, narrate=self._narrate)
        self.outcome.round_trips += 1
        if self._session.run(rollback.CONFIRM, timeout=_PROBE_TIMEOUT, label="confirm").status:
            raise errors.ConvergeError(
                f"{self._name}: changing {looks.subjects(chosen)} cut the connection, so "
                f"NetworkManager took it back after {rollback.SECONDS} s",
                hint=f"can the machine be reached with it? that is {_origin(chosen[0].step)}",
            )

    def _after_the_cut(self, chosen: Sequence[looks.Look]) -> tuple[looks.Look, ...]:
        self._narrate("the connection broke; NetworkManager takes the change back unless confirmed")
        self._confirm(chosen)
        return self.look()

    def _run(
        self, batch: script.Batch, steps: Sequence[load.Step], timeout: float, label: str
    ) -> str:
        self.outcome.round_trips += 1
        try:
            return self._session.run(batch.text, timeout=timeout, label=label).output
        except sessions.DeadlineError as error:
            step = steps[batch.reached(error.output)]
            raise HungError(
                f"{self._name} did not finish '{step.kind}' within {timeout:.0f} s",
                hint=f"that is {_origin(step)}",
            ) from error

    def _return(self, error: errors.UnreachableError) -> None:
        """Connect again after the connection broke; once, and not to a machine that hangs."""
        if self._lost or isinstance(error, HungError):
            raise error
        self._lost = True
        self._narrate(f"{error.message}; connecting again")
        self._session.close()
        sessions.wait(self._session, timeout=_RETURN_TIMEOUT, narrate=self._narrate)

    def _read(self, batch: script.Batch, output: str) -> tuple[looks.Look, ...]:
        answers = batch.answers(output)
        if len(answers) != len(self._steps):
            raise errors.ConvergeError(
                f"{self._name} answered {len(answers)} of {len(self._steps)} probes: "
                f"{output.strip()[-500:] or '(nothing)'}",
                hint="can its user run 'sudo -n sh'? look at the log",
            )
        return tuple(
            looks.read(step, answer) for step, answer in zip(self._steps, answers, strict=True)
        )

    def _unreadable(self, look: looks.Look) -> errors.ConvergeError:
        message = look.error.message if look.error else ""
        hint = (look.error.hint if look.error else "") or f"that is {_origin(look.step)}"
        return errors.ConvergeError(f"{self._name}, {look.step.kind}: {message}", hint=hint)

    def _failed(self, look: looks.Look, answer: script.Answer) -> errors.ConvergeError:
        said = answer.output.strip()[-2000:] or "(nothing)"
        what = looks.subjects([look])
        return errors.ConvergeError(
            f"{self._name}: changing {what} failed with status {answer.status}: {said}",
            hint=f"that is {_origin(look.step)}",
        )

    def _not_held(self, seen: Sequence[looks.Look]) -> errors.ConvergeError:
        lines = [
            f"{change.subject}: wanted {change.after!r}, there is {change.before!r}"
            for each in seen
            for change in each.changes
        ]
        return errors.ConvergeError(
            f"{self._name}: changes did not hold: {'; '.join(lines)}",
            hint="does something else on the machine set the same thing?",
        )

    def reboot(self) -> None:
        """Reboot, and wait until the machine answers with another boot_id.

        Raises:
            errors.UnreachableError: It did not come back in time.
        """
        before = self._session.run(_BOOT_ID, timeout=_PROBE_TIMEOUT, label="boot id").output.strip()
        self._narrate("rebooting")
        # In the background, so that the answer is on its way before the connection breaks.
        command = "(sleep 1; systemctl reboot) >/dev/null 2>&1 &"
        self._session.run(command, timeout=_PROBE_TIMEOUT, label="reboot")
        self.outcome.rebooted = True
        self.outcome.round_trips += 2
        deadline = time.monotonic() + _REBOOT_TIMEOUT
        while time.monotonic() < deadline:
            self._session.close()
            time.sleep(2)
            left = max(1.0, deadline - time.monotonic())
            sessions.wait(self._session, timeout=left, narrate=self._narrate)
            try:
                now = self._session.run(_BOOT_ID, timeout=30, label="boot id")
            except errors.UnreachableError:
                continue  # it was on its way down
            if now.status == 0 and now.output.strip() != before:
                return
        raise errors.UnreachableError(
            f"{self._name} did not come back from a reboot within {_REBOOT_TIMEOUT:.0f} s",
            hint="its console shows how far it came",
        )


class HungError(errors.UnreachableError):
    """A machine did not finish an operation in time; it is given up."""


def _origin(step: load.Step) -> str:
    return f"{step.origin}: {step.why}"
