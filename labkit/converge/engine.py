"""Make one machine what its steps say.

All probes travel in one round trip, all changes and the new probes in a second. A machine that is
as wanted costs one. Deciding is the operations' part; here is only the way of the texts.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from labkit import errors
from labkit.converge import script
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.operations import base
    from labkit.profiles import load

_PROBE_TIMEOUT = 120.0
_APPLY_TIMEOUT = 900.0
"""Seconds for all changes of a machine; installing packages on an emulated one takes minutes."""
_REBOOT_TIMEOUT = 300.0
_ROUNDS = 3
"""What an earlier change makes possible shows in the next round; more than three is a circle."""

_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """A step that is not as wanted, and the changes that it needs."""

    step: load.Step
    changes: tuple[base.Change, ...]


@dataclasses.dataclass(slots=True)
class Outcome:
    """What was done to a machine."""

    changes: list[Difference] = dataclasses.field(default_factory=list[Difference])
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
        self.outcome = Outcome()

    def look(self) -> tuple[Difference, ...]:
        """Say what is not as wanted; changes nothing.

        Raises:
            errors.ConvergeError: A probe printed what its operation cannot read.
            errors.UnreachableError: The machine did not answer in time.
        """
        batch = script.batch([step.operation.probe() for step in self._steps])
        output = self._run(batch, self._steps, _PROBE_TIMEOUT)
        return self._differences(batch.answers(output), self._steps)

    def converge(self) -> Outcome:
        """Make every step hold, rebooting once where a change needs it.

        Raises:
            errors.ConvergeError: A command failed, or a change did not hold.
            errors.UnreachableError: The machine did not answer in time.
        """
        differences = self.look()
        for _ in range(_ROUNDS):
            now = [each for each in differences if _commands(each)]
            if not now:
                break
            self.outcome.changes += now
            differences = self._apply(now)
        if any(_commands(each) for each in differences):
            raise self._not_held(differences)
        if differences:
            self.outcome.changes += differences
            self._reboot()
            differences = self.look()
            if differences:
                raise self._not_held(differences)
        return self.outcome

    def _apply(self, differences: Sequence[Difference]) -> tuple[Difference, ...]:
        """Apply changes in order and look at everything again, in one round trip."""
        subjects = [change.subject for each in differences for change in each.changes]
        self._narrate(f"changing {', '.join(dict.fromkeys(subjects))}")
        changes = script.batch([_commands(each) for each in differences], stop_at_failure=True)
        probes = script.batch([step.operation.probe() for step in self._steps])
        both = dataclasses.replace(changes, text=f"{changes.text}\n{probes.text}")
        output = self._run(both, [each.step for each in differences], _APPLY_TIMEOUT)
        answers = changes.answers(output)
        for difference, answer in zip(differences, answers, strict=False):
            if answer.status != 0:
                raise self._failed(difference, answer)
        return self._differences(probes.answers(output), self._steps)

    def _run(self, batch: script.Batch, steps: Sequence[load.Step], timeout: float) -> str:
        self.outcome.round_trips += 1
        try:
            return self._session.run(batch.text, timeout=timeout).output
        except sessions.DeadlineError as error:
            step = steps[max(0, min(batch.started(error.output), len(steps)) - 1)]
            raise errors.UnreachableError(
                f"{self._name} did not finish '{step.kind}' within {timeout:.0f} s",
                hint=f"that is {step.origin}: {step.why}",
            ) from error

    def _differences(
        self, answers: Sequence[script.Answer], steps: Sequence[load.Step]
    ) -> tuple[Difference, ...]:
        if len(answers) != len(steps):
            raise errors.ConvergeError(
                f"{self._name} answered {len(answers)} of {len(steps)} probes",
                hint="can its user run 'sudo -n sh'? look at the log",
            )
        found: list[Difference] = []
        for step, answer in zip(steps, answers, strict=True):
            try:
                changes = step.changes(answer.output)
            except errors.LabError as error:
                raise errors.ConvergeError(
                    f"{self._name}, {step.kind}: {error.message}",
                    hint=error.hint or f"that is {step.origin}: {step.why}",
                ) from error
            if changes:
                found.append(Difference(step, changes))
        return tuple(found)

    def _failed(self, difference: Difference, answer: script.Answer) -> errors.ConvergeError:
        subjects = ", ".join(change.subject for change in difference.changes)
        said = answer.output.strip()[-2000:] or "(nothing)"
        return errors.ConvergeError(
            f"{self._name}: changing {subjects} failed with status {answer.status}: {said}",
            hint=f"that is {difference.step.origin}: {difference.step.why}",
        )

    def _not_held(self, differences: Sequence[Difference]) -> errors.ConvergeError:
        lines = [
            f"{change.subject}: wanted {change.after!r}, there is {change.before!r}"
            for each in differences
            for change in each.changes
        ]
        return errors.ConvergeError(
            f"{self._name}: changes did not hold: {'; '.join(lines)}",
            hint="does something else on the machine set the same thing?",
        )

    def _reboot(self) -> None:
        """Reboot, and wait until the machine answers with another boot_id."""
        before = self._session.run(_BOOT_ID, timeout=_PROBE_TIMEOUT).output.strip()
        self._narrate("rebooting, since a change needs it")
        # In the background, so that the answer is on its way before the connection breaks.
        self._session.run("(sleep 1; systemctl reboot) >/dev/null 2>&1 &", timeout=_PROBE_TIMEOUT)
        self.outcome.rebooted = True
        self.outcome.round_trips += 2
        deadline = time.monotonic() + _REBOOT_TIMEOUT
        while time.monotonic() < deadline:
            self._session.close()
            time.sleep(2)
            left = max(1.0, deadline - time.monotonic())
            sessions.wait(self._session, timeout=left, narrate=self._narrate)
            try:
                now = self._session.run(_BOOT_ID, timeout=30)
            except errors.UnreachableError:
                continue  # it was on its way down
            if now.status == 0 and now.output.strip() != before:
                return
        raise errors.UnreachableError(
            f"{self._name} did not come back from a reboot within {_REBOOT_TIMEOUT:.0f} s",
            hint="its console shows how far it came",
        )


def _commands(difference: Difference) -> str:
    """Return a step's commands as one text; each must succeed before the next one runs."""
    commands = [command for change in difference.changes for command in change.commands]
    return " &&\n".join(f"{{ {command}; }}" for command in commands)
