"""Which steps of a machine are the same for everybody, and which are its own. Pure.

That is found by filling the profiles in twice, for the lab and for a stranger with other names,
addresses, keys and secrets. Nobody has to say it, and nothing of a machine's own can be missed.
"""

from __future__ import annotations

import hashlib
import pathlib
from typing import TYPE_CHECKING

from labkit import secret
from labkit.plan import stranger
from labkit.profiles import load
from labkit.secrets import store
from labkit.ssh import keyring, keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.images import carried
    from labkit.plan import model
    from labkit.profiles import shelf as shelves

PER_MACHINE = "per-machine"
"""The tag of steps that each machine does itself, whatever they say."""


def steps(lab: model.Lab, machine: model.Machine, shelf: shelves.Shelf) -> tuple[load.Step, ...]:
    """Return the steps that are the same for everybody; they hold no key and no secret.

    Raises:
        errors.LabError: A profile is wrong, or cannot be filled in for a stranger.
    """
    blind = store.Store(lab.secrets, shelf.folder, blind=True)
    own = load.steps(lab, machine, _keys(lab, "ours"), shelf, blind)
    strange = stranger.of(lab)
    twin = strange.machines[lab.machines.index(machine)]
    other = load.steps(strange, twin, _keys(strange, "theirs"), shelf, _other(lab, shelf.folder))
    return tuple(
        step
        for step, their in zip(own, other, strict=True)
        if step.operation == their.operation
        and not step.operation.unique
        and PER_MACHINE not in step.tags
    )


def without_secrets(
    lab: model.Lab, machine: model.Machine, ring: keyring.Keyring, shelf: shelves.Shelf
) -> tuple[load.Step, ...]:
    """Return the steps that no secret of lab.yml is in; none is read."""
    blind = store.Store(lab.secrets, shelf.folder, blind=True)
    first = load.steps(lab, machine, ring, shelf, blind)
    second = load.steps(lab, machine, ring, shelf, _other(lab, shelf.folder))
    pairs = zip(first, second, strict=True)
    return tuple(step for step, other in pairs if step.operation == other.operation)


def carry(own: Sequence[load.Step], given: Mapping[str, str]) -> tuple[carried.File, ...]:
    """Return the files with which the steps hold on a machine that is born with them.

    Args:
        own: Steps, in their order.
        given: The text of each file that the machine is born with anyhow.
    """
    texts = dict(given)
    files: dict[str, carried.File] = {}
    for step in own:
        for file in step.operation.born(texts):
            texts[file.path] = file.text
            files[file.path] = file
    return tuple(files.values())


class _Other(store.Store):
    """Other secrets than those which a blind store gives."""

    __slots__ = ()

    def _resolve(self, name: str) -> secret.Secret:
        return secret.Secret(f"(another secret {name})")


def _other(lab: model.Lab, folder: pathlib.Path) -> store.Store:
    return _Other(lab.secrets, folder, blind=True)


def _keys(lab: model.Lab, whose: str) -> keyring.Keyring:
    """Return what looks like keys, and opens nothing."""

    def pair(name: str) -> keys.KeyPair:
        word = hashlib.sha256(f"{whose} {name}".encode()).hexdigest()
        return keys.KeyPair(secret.Secret(word), f"ssh-ed25519 {word} {name}@{lab.name}")

    hosts = {machine.name: pair(str(index)) for index, machine in enumerate(lab.machines)}
    return keyring.Keyring(pair("login"), pathlib.Path("login"), pair("ansible"), hosts)
