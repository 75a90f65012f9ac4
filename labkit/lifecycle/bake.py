"""Run a lab's provisioning once into an image, from which further machines begin.

The machines that are prepared for it belong to a lab of their own, which is gone afterwards. They
get what is the same for everybody and nothing else: no key, no secret, no name of the lab.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

from labkit import errors, parallel, workspace
from labkit.converge import engine
from labkit.images import baked, bakers
from labkit.lifecycle import birth, context, destroy, up
from labkit.plan import derive
from labkit.profiles import shared
from labkit.providers import keeper as keepers

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence

    from labkit.plan import model
    from labkit.profiles import load

_TIMEOUT = 300.0
"""Seconds to clean a machine up; trimming an emulated disk takes about two."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """One image, and the machines of the lab that can begin with it."""

    digest: str
    machine: model.Machine
    """One of them, as an example of all."""
    steps: tuple[load.Step, ...]
    machines: tuple[str, ...]

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.machine.image} with {birth.said(self.machine.profiles)}"


@dataclasses.dataclass(frozen=True, slots=True)
class Baked:
    """Something baked that is there now."""

    kept: keepers.Kept
    machines: tuple[str, ...]
    changes: int
    """Made in it by this run; none when it was there."""


def keeper(lab: context.Context) -> keepers.Keeper:
    """Return who keeps what is baked for a lab.

    Raises:
        errors.LabError: Its provider's machines are not baked.
    """
    found = lab.provider.keeper
    if found is None:
        raise errors.LabError(
            f"machines of the provider {lab.lab.provider} cannot be baked",
            hint="'--provider' names another one: qemu, virtualbox or vsphere",
        )
    return found


def wanted(lab: context.Context, only: Sequence[model.Machine]) -> tuple[Wanted, ...]:
    """Return the images that machines of the lab would begin with, each one once.

    Raises:
        errors.LabError: The machines are of another provider, or of a vendor's image.
    """
    found: dict[str, Wanted] = {}
    keeps = keeper(lab)
    for machine in only:
        source = keeps.source(machine)
        steps = shared.steps(lab.lab, machine, lab.shelf)
        digest = birth.digest(source, machine, steps)
        old = found.get(digest)
        names = (*(old.machines if old else ()), machine.name)
        found[digest] = Wanted(digest, machine, steps, names)
    return tuple(found.values())


def bake(
    lab: context.Context, only: Sequence[model.Machine], file: pathlib.Path
) -> tuple[Baked, ...]:
    """Make the images that the provider does not have yet.

    Args:
        lab: The lab.
        only: Machines of it that are to begin with them.
        file: Its lab file. As long as that wants an image, `lab.gc` leaves it.

    Raises:
        errors.LabError: One could not be made; nothing is left of the machines.
    """
    every = wanted(lab, only)
    keeps = keeper(lab)
    missing = [each for each in every if keeps.find(each.digest) is None]
    changes: Mapping[str, int] = _make(lab, missing) if missing else {}
    for each in every:
        bakers.enter(each.digest, file)
    found = ((each, keeps.find(each.digest)) for each in every)
    return tuple(
        Baked(kept, each.machines, changes.get(each.digest, 0)) for each, kept in found if kept
    )


def _make(lab: context.Context, missing: Sequence[Wanted]) -> Mapping[str, int]:
    scratch = _scratch(lab, missing)
    by_name = {_name(each): each for each in missing}
    with scratch.hold("image.bake"):
        destroy.destroy(scratch)  # what a killed run left
        try:
            scratch.space.make()
            with lab.progress.phase("prepare"):
                up.preflight(scratch)
                scratch.provider.prepare()
            with lab.progress.phase("boot and configure"), lab.progress.watch():
                changes = parallel.each(
                    by_name,
                    lambda each: _prepare(scratch, each),
                    at_once=scratch.provider.at_once(),
                )
            parallel.raise_first(changes)
            with lab.progress.phase("keep"):
                for name, each in by_name.items():
                    about = keepers.About(each.name, each.digest, each.machine.profiles)
                    keeper(scratch).keep(scratch.lab.machine(name), about)
        finally:
            destroy.destroy(scratch)
    counts = {name: count for name, count in changes.items() if isinstance(count, int)}
    return {by_name[name].digest: count for name, count in counts.items()}


def _name(each: Wanted) -> str:
    return f"bake-{each.digest[:8]}"


def _scratch(lab: context.Context, missing: Sequence[Wanted]) -> context.Context:
    """Open a lab that has one machine for each image."""
    word = hashlib.sha256(" ".join(sorted(each.digest for each in missing)).encode()).hexdigest()
    name = f"bake-{word[:12]}"
    machines = tuple(_machine(name, each) for each in missing)
    scratch = dataclasses.replace(
        lab.lab, name=name, id=derive.lab_id(name), machines=machines, secrets={}
    )
    space = workspace.Workspace(lab.folder, name)
    return context.Context(lab.folder, keeper(lab).apart(scratch), space, lab.progress)


def _machine(lab: str, each: Wanted) -> model.Machine:
    name = _name(each)
    nics = tuple(
        dataclasses.replace(nic, mac=derive.mac(lab, name, nic.kind)) for nic in each.machine.nics
    )
    return dataclasses.replace(
        each.machine,
        name=name,
        uuid=derive.machine_uuid(lab, name),
        ssh_port=derive.ssh_port(lab, name),
        nics=nics,
        sudo_password=None,
    )


def _prepare(scratch: context.Context, each: Wanted) -> int:
    """Boot a machine, make it what the steps say, take its own things away, and shut it down."""
    machine = scratch.lab.machine(_name(each))

    def narrate(text: str) -> None:
        scratch.progress.tell(machine.name, text)

    narrate(f"booting, for {each.name}")
    scratch.provider.start(machine)
    with scratch.session(machine) as session:
        up.wait_for_boot(scratch, machine, session, narrate)
        narrate("configuring")
        try:
            outcome = engine.Machine(session, each.steps, narrate).converge()
        except errors.ConvergeError as error:
            raise _too_early(error) from error
        keeps = keeper(scratch)
        clean = baked.clean(keeps.account(machine), keeps.seal(machine))
        cleaned = session.run(clean, timeout=_TIMEOUT, label="clean up")
        if cleaned.status:
            raise errors.ConvergeError(f"{machine.name} could not be cleaned up: {cleaned.output}")
    narrate("shutting down")
    scratch.provider.stop(machine)
    return sum(len(look.changes) for look in outcome.changes)


def _too_early(error: errors.ConvergeError) -> errors.ConvergeError:
    return errors.ConvergeError(
        error.message,
        hint=f"{error.hint}; a step that needs what is a machine's own cannot be baked: "
        f"'tags: [{shared.PER_MACHINE}]' leaves it to each machine",
    )
