"""What an operation is: three pure parts, so that plan, apply, drift and verify are the same code.

`probe` is shell text that prints what is there, `read` turns the print into a state, and `diff`
says which changes lead from that state to the wanted one. None of them talks to a machine.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

import pydantic

from labkit import errors, secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.families import base as family_base
    from labkit.images import carried

State = TypeVar("State")


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as wanted, and the commands that make it so."""

    subject: str
    before: str
    after: str
    commands: tuple[str, ...] = dataclasses.field(repr=False)
    """Shell lines whose values are quoted (`labkit.shell`); they run in order, as root.

    They may hold a secret file's content, and so show in no log and in no traceback.
    """
    reboot: bool = False
    """The change takes effect at the next boot only."""
    cuts: bool = False
    """It may cut the connection over which it is made, so it is made behind a timed rollback."""


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """A setting that is kept in two places, which may differ: for the next boot, and for now."""

    subject: str
    wanted: str
    file: str
    """What the next boot will bring; empty where nothing says so."""
    runtime: str
    """What is in force now."""


class FactError(errors.LabError, ValueError):
    """A machine printed something that the operation cannot read."""


class Operation(pydantic.BaseModel, abc.ABC, Generic[State]):
    """One kind of wanted state. A module of this package defines one, and its name is the kind."""

    # What a kind's values are checked by is built when the first ones are: the generic class that
    # each kind derives from never has any.
    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True
    )

    side_effects: ClassVar[bool] = False
    """Its changes reach what other operations look at, as a package brings files and users.

    What follows is then looked at again before anything in it is changed.
    """

    unique: ClassVar[bool] = False
    """What it makes belongs to one machine or to one moment, and so into no image.

    A machine is born with it where `born` can say how, and makes it itself elsewhere.
    """

    @abc.abstractmethod
    def probe(self) -> str:
        """Return shell text that prints the state; it changes nothing and reads no input."""

    @abc.abstractmethod
    def read(self, output: str) -> State:
        """Read what the probe printed.

        Raises:
            FactError: The print is not what the probe prints.
        """

    @abc.abstractmethod
    def diff(self, state: State) -> tuple[Change, ...]:
        """Return the changes that lead to the wanted state; none when it is there already."""

    def settings(self, state: State) -> tuple[Setting, ...]:
        """Return the settings that have one value for now and one for the next boot."""
        del state
        return ()

    def see(self) -> str:
        """Return what a person types as root on a machine to see what is there.

        It changes nothing, and shows no secret. Empty where nothing shorter than `probe` tells.
        """
        return ""

    def born(self, given: Mapping[str, str]) -> tuple[carried.File, ...]:
        """Return files with which it holds on a machine that is born with them, if files can do it.

        Args:
            given: The text of each file that the machine is born with anyhow, by its path.
        """
        del given
        return ()

    @abc.abstractmethod
    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Return what a person would type as root on a machine of the family, to get there.

        It may be typed again without harm. No secret is in it; a comment says what to do instead.
        """

    def changes(self, output: str) -> tuple[Change, ...]:
        """Read a probe's print and compare it with what is wanted."""
        return self.diff(self.read(output))


AnyOperation = Operation[Any]


def holds_secret(value: object) -> bool:
    """Look for a secret anywhere in an operation: its commands then hold it too."""
    match value:
        case secret.Secret():
            return True
        case pydantic.BaseModel():
            return any(holds_secret(field) for _, field in value)
        case dict():
            return any(map(holds_secret, cast("dict[object, object]", value).values()))
        case tuple() | list():
            return any(map(holds_secret, cast("tuple[object, ...]", value)))
        case _:
            return False
