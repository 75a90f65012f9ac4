"""Everything that a verb needs to know about one lab."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from labkit import console, errors, providers, workspace
from labkit.plan import build, model
from labkit.profiles import load as profiles
from labkit.spec import host, load, words
from labkit.ssh import keyring, session

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

    from labkit.providers import base


@dataclasses.dataclass(frozen=True)
class Context:
    """One lab, opened: its plan, its folder, and the hands that work on it."""

    folder: pathlib.Path
    lab: model.Lab
    space: workspace.Workspace
    progress: console.Progress

    @functools.cached_property
    def keys(self) -> keyring.Keyring:
        """The lab's keys, made at the first use."""
        self.space.make()
        return keyring.ensure(self.lab, self.space)

    @functools.cached_property
    def provider(self) -> base.Provider:
        """The provider that lab.yml names."""
        return providers.create(self.lab, self.space, lambda: self.keys, self.progress.say)

    def steps(self, machine: model.Machine) -> tuple[profiles.Step, ...]:
        """Return the machine's wanted state."""
        return profiles.steps(self.lab, machine, self.keys, self.folder)

    def session(self, machine: model.Machine) -> session.Session:
        """Return a connection to the machine, not opened yet."""
        return session.Session(self.provider.endpoint(machine))

    def choose(self, names: Sequence[str]) -> tuple[model.Machine, ...]:
        """Return the machines of these names, or all when there are none.

        Raises:
            errors.LabError: A name is not one of the lab's.
        """
        known = {machine.name: machine for machine in self.lab.machines}
        for name in names:
            if name not in known:
                raise errors.LabError(
                    f"lab '{self.lab.name}' has no machine {words.show(name)}",
                    hint=words.nearest(name, known, otherwise="its machines are:"),
                )
        return tuple(known[name] for name in names) or self.lab.machines


def open_lab(file: pathlib.Path, provider: str = "") -> Context:
    """Read a lab file and plan the lab; nothing is made.

    Raises:
        errors.FileError: The file is wrong; carries all of its problems.
    """
    spec = load.load(file, host.here())
    lab = build.build(spec)
    if provider:
        lab = build.with_provider(spec, lab, provider)
    folder = file.absolute().parent
    space = workspace.Workspace(folder, lab.name)
    return Context(folder, lab, space, console.Progress())
