"""What a machine is born with: its name, the lab's key to it, and a host key that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.images import seed

if TYPE_CHECKING:
    from labkit.plan import model
    from labkit.ssh import keyring


def of(machine: model.Machine, user: str, keys: keyring.Keyring) -> seed.Seed:
    """Return the seed of a machine, whose image has the account `user`."""
    return seed.Seed(
        hostname=machine.name,
        user=user,
        authorized_keys=(keys.login.public,),
        host_key=keys.hosts[machine.name].private.reveal(),
        host_key_public=keys.hosts[machine.name].public,
    )


def texts(machine: model.Machine, user: str, keys: keyring.Keyring) -> dict[str, str]:
    """Return the texts of the files that say who a machine is, by their paths."""
    return {file.path: file.text for file in seed.identity(of(machine, user, keys))}
