"""What was seen of each step of a machine, and which of the changes come next. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labkit.converge import script
    from labkit.operations import base
    from labkit.profiles import load

_SHOWN = 300
"""Characters of what could not be read that an error shows; the end says most."""


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """A step, and what it needs to be as wanted."""

    step: load.Step
    changes: tuple[base.Change, ...] = ()
    settings: tuple[base.Setting, ...] = ()
    error: errors.LabError | None = None
    """Why nothing can be told, for example since the package that brings it is not there yet."""

    @property
    def ok(self) -> bool:
        """Whether the step is as wanted."""
        return not self.changes and self.error is None

    @property
    def commands(self) -> str:
        """All commands as one text; each must succeed before the next one runs."""
        commands = (command for change in self.changes for command in change.commands)
        return " &&\n".join(f"{{ {command}; }}" for command in commands)

    @property
    def cuts(self) -> bool:
        """Whether a change may cut the connection over which it is made."""
        return any(change.cuts for change in self.changes)


def read(step: load.Step, answer: script.Answer) -> Look:
    """Compare what a probe printed with what is wanted; whatever a machine prints is an answer."""
    operation = step.operation
    try:
        state = operation.read(answer.output)
        return Look(step, operation.diff(state), operation.settings(state))
    except errors.LabError as error:
        return Look(step, error=error)
    except Exception as error:  # noqa: BLE001 - a machine may print anything
        said = answer.output.strip()[-_SHOWN:] or "nothing"
        message = f"what it printed cannot be read ({type(error).__name__}): {said}"
        return Look(step, error=errors.ConvergeError(message))


def following(looks: Iterable[Look]) -> tuple[Look, ...]:
    """Choose the changes that can be made in one go, in the order of the profiles.

    It ends where something has to be seen again first: behind a step with side effects, before a
    second change of the same thing, before and behind what may cut the connection, and before a
    step of which nothing could be told.
    """
    chosen: list[Look] = []
    touched: set[str] = set()
    for look in looks:
        if look.error is not None:
            break
        if not look.commands:
            continue
        subjects = {change.subject for change in look.changes}
        if subjects & touched or (chosen and look.cuts):
            break
        chosen.append(look)
        touched |= subjects
        if look.step.operation.side_effects or look.cuts:
            break
    return tuple(chosen)


def subjects(looks: Sequence[Look]) -> str:
    """Name what is not as wanted, each thing once."""
    named = dict.fromkeys(change.subject for look in looks for change in look.changes)
    return ", ".join(named)
