"""Installed packages, by the package manager of the machine's family."""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar

import pydantic

from labkit import families, shell
from labkit.families import base as family_base
from labkit.operations import base, text

# Debian policy 5.6.1 and RPM names. A leading '-' would be an option, and a trailing one makes
# apt-get(8) remove the package.
_Name = Annotated[
    str, text.matching(r"[A-Za-z0-9]([A-Za-z0-9+._-]*[A-Za-z0-9+_])?", "a package's name")
]


class ForFamily(pydantic.BaseModel):
    """What one family needs besides, or under other names."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    present: tuple[_Name, ...] = ()


class ForEl(ForFamily):
    """What Enterprise Linux needs besides."""

    repository: _Name | None = None
    """A repository that is enabled for this installation only."""
    repository_package: _Name | None = None
    """The package that describes the repository."""

    @pydantic.model_validator(mode="after")
    def _both(self) -> ForEl:
        if (self.repository is None) != (self.repository_package is None):
            raise ValueError("'repository' and 'repository_package' belong together")
        return self


@dataclasses.dataclass(frozen=True, slots=True)
class PackagesState:
    """The machine's family, and which of the wanted packages it has."""

    family: family_base.Family
    installed: frozenset[str]


class Packages(base.Operation[PackagesState]):
    """`packages: {present: [curl], debian: {present: [...]}, el: {present: [...]}}`."""

    side_effects: ClassVar[bool] = True

    present: tuple[_Name, ...] = ()
    debian: ForFamily = ForFamily()
    el: ForEl = ForEl()

    def _wanted(self, family: family_base.Family) -> tuple[str, ...]:
        own = self.debian if family.name == "debian" else self.el
        return tuple(dict.fromkeys((*self.present, *own.present)))

    def probe(self) -> str:
        """Print the family's words, then the installed ones among the wanted packages."""

        def query(family: family_base.Family) -> str:
            wanted = self._wanted(family)
            return family.query(wanted) if wanted else ""

        return families.choose(query)

    def read(self, output: str) -> PackagesState:
        """Read the family and the names."""
        first, *names = text.split(output) or [""]
        family = read_family(first)
        return PackagesState(family, frozenset(name.strip() for name in names))

    def diff(self, state: PackagesState) -> tuple[base.Change, ...]:
        """Install what is missing in one call."""
        wanted = self._wanted(state.family)
        missing = tuple(name for name in wanted if name not in state.installed)
        if not missing:
            return ()
        commands = state.family.install(missing, self._repository(state.family))
        return (base.Change("packages", "", " ".join(missing), commands),)

    def see(self) -> str:
        """Ask the package manager of either family."""
        wanted = shell.argv(
            *dict.fromkeys(name for family in families.every() for name in self._wanted(family))
        )
        return f"dpkg-query -W {wanted} || rpm -q {wanted}"

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Type the package manager's own commands."""
        wanted = self._wanted(family)
        return family.install_by_hand(wanted, self._repository(family)) if wanted else ()

    def _repository(self, family: family_base.Family) -> family_base.Repository | None:
        if family.name == "el" and self.el.repository and self.el.repository_package:
            return family_base.Repository(self.el.repository_package, self.el.repository)
        return None


def read_family(words: str) -> family_base.Family:
    """Return the family that os-release(5)'s words name.

    Raises:
        base.FactError: There is no such family.
    """
    family = families.of(words)
    if family is None:
        raise base.FactError(
            f"labkit knows no package manager for a distribution that calls itself {words!r}",
            hint="supported are Debian's family (apt-get) and Enterprise Linux (dnf)",
        )
    return family
