"""Everything that a verb needs to know about one lab."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from typing import TYPE_CHECKING

from labkit import console, errors, providers, workspace
from labkit.events import log, post
from labkit.lifecycle import rescue
from labkit.plan import build, model
from labkit.secrets import env, store
from labkit.spec import host, load, words

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator, Sequence

    from labkit.profiles import load as profiles
    from labkit.profiles import shelf as shelves
    from labkit.providers import base
    from labkit.ssh import keyring, session

# What reaches into machines is imported where it is used: its imports take longer than all of a
# task that only looks at a lab from outside.
# ruff: noqa: PLC0415


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
        from labkit.ssh import keyring

        self.space.make()
        return keyring.ensure(self.lab, self.space)

    @functools.cached_property
    def provider(self) -> base.Provider:
        """The provider that lab.yml names."""
        made = providers.create(self.lab, self.space, lambda: self.keys, self.progress.say)
        made.birth = self._birth
        made.listen(self.progress.tell)
        return made

    @property
    def known(self) -> model.Lab:
        """The plan with what only the provider can tell of its machines, for whoever shows it."""
        machines = tuple(map(self.provider.known, self.lab.machines))
        return dataclasses.replace(self.lab, machines=machines)

    def _birth(self, machine: model.Machine) -> base.Birth:
        from labkit.lifecycle import birth

        return birth.of(self, machine)

    @functools.cached_property
    def secrets(self) -> store.Store:
        """The lab's secrets, each read when a profile first asks for it."""
        return store.Store(self.lab.secrets, self.folder)

    @functools.cached_property
    def shelf(self) -> shelves.Shelf:
        """The profiles that the lab's machines are configured by."""
        from labkit.profiles import shelf as shelves

        return shelves.Shelf(self.folder)

    def steps(self, machine: model.Machine, *, blind: bool = False) -> tuple[profiles.Step, ...]:
        """Return the machine's wanted state.

        Args:
            machine: One of the lab's.
            blind: Read no secret: for whoever shows what would be done and does not do it.
        """
        from labkit.profiles import load as profiles

        blindly = store.Store(self.lab.secrets, self.folder, blind=True) if blind else None
        secrets = blindly or self.secrets
        known = machine if blind else self.provider.known(machine)
        return profiles.steps(self.lab, known, self.keys, self.shelf, secrets)

    def session(self, machine: model.Machine) -> session.Session:
        """Return a connection to the machine, not opened yet."""
        from labkit.ssh import session

        endpoint = self.provider.endpoint(machine)
        password = store.sudo_password(self.secrets, machine)
        return session.Session(dataclasses.replace(endpoint, sudo_password=password))

    @contextlib.contextmanager
    def hold(self, task: str) -> Generator[None]:
        """Hold the lab for one run, with a ledger that can be read.

        Raises:
            errors.LockedError: Another run holds it; the message names it.
            errors.LabError: A newer labkit made the lab.
        """
        with self.space.lock(task):
            rescue.rescue(self)
            if task == "lab.up":
                self.space.make()
            try:
                with log.task(self.space, task, self.progress.say):
                    yield
            finally:
                post.send(self.space, self.progress.say)

    def require_up(self) -> None:
        """Refuse what needs machines that were made.

        Raises:
            errors.LabError: `up` has not come that far yet.
        """
        if not self.space.ssh_config.exists():
            raise errors.LabError(f"lab '{self.lab.name}' is not up", hint="run 'lab.up' first")

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
    lab = build.with_provider(spec, provider) if provider else build.build(spec)
    env.take(store.variables(lab.secrets))
    folder = file.absolute().parent
    space = workspace.Workspace(folder, lab.name)
    return Context(folder, lab, space, console.Progress())
