"""What labkit needs to know of a family of distributions."""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    firewall: ClassVar[str]
    """The service that the family's own documents filter packets with."""
    virtualbox: ClassVar[str]
    """The type of guest that VirtualBox has for it (`VBoxManage list ostypes`)."""
    refresh: ClassVar[tuple[str, ...]]
    """What a person types after a package repository was described."""

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

    @abc.abstractmethod
    def install_by_hand(
        self, packages: tuple[str, ...], repository: Repository | None
    ) -> tuple[str, ...]:
        """Return what a person types to install packages; see `install`."""

    @abc.abstractmethod
    def prepare_by_hand(self, *, selinux: bool) -> tuple[str, ...]:
        """Return what a person types on a machine fresh from the distribution's own installer.

        Args:
            selinux: Whether SELinux is wanted in any mode but disabled.
        """

    @abc.abstractmethod
    def describe(self, name: str, settings: Mapping[str, str], key: str) -> dict[str, str]:
        """Return the files, path to text, that describe a package repository which stays.

        Args:
            name: The repository's, and its files'.
            settings: In the order and under the names of the family's own format.
            key: The armoured public key that is kept on the machine; empty when there is none.
        """

    @abc.abstractmethod
    def boot_lines(self) -> str:
        """Return shell text that prints the kernel lines of the coming boots.

        It prints nothing where the boot loader is none of the family's, or where there is none: a
        machine may get kernel and line from outside.
        """

    @abc.abstractmethod
    def drop_boot_words(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the shell lines that take words, such as `selinux=0`, from those kernel lines."""
