"""Positional arguments: those that may be left out, and options that stand before one.

Invoke fills positional arguments one after the other as long as their value is None, and at the end
complains about each that is None still. What may be left out becomes empty before that. Invoke also
takes an option that it does not know for the next argument's value, `--help` above all.
"""

from __future__ import annotations

import functools
from typing import Any

import invoke.tasks
from invoke.parser import argument, parser

_HELP = ("-h", "--help")


class Spare(argument.Argument):
    """One that may be left out."""


# Invoke's Task is generic, but its own signatures leave the parameter out.
class Task(invoke.tasks.Task):  # pyright: ignore[reportMissingTypeArgument]
    """A task with such arguments."""

    spare: frozenset[str] = frozenset()

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[argument.Argument]:
        """Return Invoke's own, and mark those that may be left out."""
        told: Any = dict(self.help)
        found = super().get_arguments(ignore_unknown_help)
        self.help = told  # Invoke has emptied it, and would have nothing to tell the next time
        for each in found:
            if each.name in self.spare:
                each.__class__ = Spare
        return found


def _leave_out(context: Any) -> None:  # noqa: ANN401 - Invoke's parser is a state machine
    for each in context.positional_args if context else ():
        if isinstance(each, Spare) and each.value is None:
            each.set_value("", cast=False)


@functools.cache
def teach() -> None:
    """Let Invoke's parser know of them."""
    machine: Any = parser.ParseMachine
    complete, see = machine.complete_context, machine.see_positional_arg

    def complete_context(self: Any) -> None:  # noqa: ANN401 - see above
        _leave_out(self.context)
        complete(self)

    def see_positional_arg(self: Any, value: str) -> None:  # noqa: ANN401 - see above
        missing = self.context.missing_positional_args
        if not value.startswith("-"):
            see(self, value)
        elif value in _HELP:
            for each in missing:  # the task is told of, and does not run
                each.set_value("", cast=False)
            self.handle(value)
        elif isinstance(missing[0], Spare):
            _leave_out(self.context)  # no machine is called so: it is unknown
            self.handle(value)
        else:
            self.error(f"No idea what {value!r} is!")

    machine.complete_context, machine.see_positional_arg = complete_context, see_positional_arg
