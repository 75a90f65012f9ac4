"""What labkit needs to know of a family of distributions."""

from __future__ import annotations

import abc
import dataclasses
from typing import ClassVar

PROBE = '. /etc/os-release && echo "$ID" "${ID_LIKE:-}"'
"""Shell text for a subshell: it prints the words which `families.of` takes (os-release(5))."""


@dataclasses.dataclass(frozen=True, slots=True)
class Repository:
    """A package repository that is switched on for one installation and stays off otherwise."""

    package: str
    """The package that describes the repository, for example epel-release."""
    id: str


class Family(abc.ABC):
    """One family; a subclass in a module of this package is all that a new one needs."""

    name: ClassVar[str]
    ids: ClassVar[frozenset[str]]

    @abc.abstractmethod
    def query(self, packages: tuple[str, ...]) -> str:
        """Return shell text that prints the names of those packages that are installed."""

    @abc.abstractmethod
    def install(self, packages: tuple[str, ...], repository: Repository | None) -> tuple[str, ...]:
        """Return the shell lines that install packages without asking.

        Args:
            packages: Names; no other expression that the package manager may know.
            repository: Used for this call only; None in families that know no such thing.
        """
