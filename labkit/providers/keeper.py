"""How a provider keeps what was baked, so that further machines begin with it.

Baking itself is the same everywhere: a machine is made, configured, emptied of all that is its own,
and switched off. What is made of it then is the provider's affair: an image in the cache, a box,
a template. Each has the digest of all that decides what is in it.
"""

from __future__ import annotations

import abc
import dataclasses
import importlib
import importlib.util
import pkgutil
from typing import TYPE_CHECKING

from labkit import providers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from labkit.plan import model
    from labkit.workspace import registry


@dataclasses.dataclass(frozen=True, slots=True)
class About:
    """What is said of something baked."""

    name: str
    """What people call it."""
    digest: str
    """SHA-256 of all that decides what is in it, in hexadecimal."""
    baked: tuple[str, ...]
    """The profiles that were applied."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """Something baked that is there, and whole."""

    about: About
    provider: str
    kind: str
    """What it is called there: an image, a box, a template."""
    size: int
    """Bytes that it takes; 0 where that is not known."""
    user: Callable[[Iterable[registry.Entry]], str] = dataclasses.field(compare=False)
    """Says who uses it, given the labs that are known; nobody where the text is empty."""
    remove: Callable[[], object] = dataclasses.field(compare=False)
    """Removes it; raises errors.LabError or OSError when it stays."""


class Keeper(abc.ABC):
    """What a lab's provider does for baking."""

    @abc.abstractmethod
    def source(self, machine: model.Machine) -> object:
        """Return what decides with what a machine begins that is not baked, as JSON takes it.

        Raises:
            errors.LabError: Machines that begin with that cannot be baked.
        """

    def apart(self, lab: model.Lab) -> model.Lab:
        """Return a lab that is only there for baking, so that its machines meet nobody else's.

        Raises:
            errors.LabError: They would, now.
        """
        return lab

    @abc.abstractmethod
    def account(self, machine: model.Machine) -> str:
        """Return the account that the lab's key opens in it."""

    def seal(self, machine: model.Machine) -> str:
        """Return what root's shell does last, when nobody's keys are left in the machine."""
        del machine
        return ""

    @abc.abstractmethod
    def find(self, digest: str) -> Kept | None:
        """Return what was baked under a digest."""

    @abc.abstractmethod
    def keep(self, machine: model.Machine, about: About) -> None:
        """Keep a machine that was baked and is off.

        Raises:
            errors.LabError: It could not be kept; nothing is left of that.
        """


def every() -> Iterator[Kept]:
    """Yield all that this user has baked, whatever the provider.

    A provider that keeps something says in its module `baked`, with `every()`, what there is.
    Whatever is not proved to be labkit's is not there.
    """
    for info in pkgutil.iter_modules(providers.__path__, f"{providers.__name__}."):
        if info.ispkg and importlib.util.find_spec(f"{info.name}.baked"):
            yield from importlib.import_module(f"{info.name}.baked").every()
