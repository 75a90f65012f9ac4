"""Who logs in to a vCenter: from the environment, the keyring, or the person at the keyboard.

The password of the environment goes to the server that the environment names and to no other, so
that a lab file from a stranger cannot have it sent elsewhere. The keyring's entries hold the server
in their names for the same reason.
"""

from __future__ import annotations

import dataclasses
import getpass
import os

from labkit import console, errors, secret
from labkit.providers.vsphere import options as choices
from labkit.secrets import env, keyring

SERVICE = "labkit-vsphere"
_HELD: dict[tuple[str, str], secret.Secret] = {}
"""What a person has typed, by server and user: asked for once a run."""


@dataclasses.dataclass(frozen=True, slots=True)
class Credentials:
    """A user of a vCenter."""

    user: str
    password: secret.Secret


def find(server: str, user: str | None, *, ask: bool = True) -> Credentials:
    """Return who logs in to a server.

    Args:
        server: The vCenter.
        user: Who; None means the environment's user.
        ask: Whether a person may be asked for the password.

    Raises:
        errors.LabError: Nobody says who, or there is no password.
    """
    env.take((choices.PASSWORD,))
    named = user or os.environ.get(choices.USER)
    if not named:
        raise errors.LabError(
            f"nothing says who logs in to the vCenter {server}",
            hint=f"set {choices.USER}, or write providers.vsphere.user in lab.yml",
        )
    found = _environment(server) or _HELD.get((server, named)) or _keyring(server, named)
    if found is None and ask and console.has_terminal():
        text = getpass.getpass(f"password of {named} on the vCenter {server}: ")
        found = _HELD[server, named] = secret.Secret(text)
    if found is None:
        raise errors.LabError(
            f"there is no password for {named} on the vCenter {server}",
            hint=f"set {choices.SERVER} and {choices.PASSWORD}, or make an entry in the keyring: "
            f"keyring set {SERVICE} {named}@{server}",
        )
    return Credentials(named, found)


def _environment(server: str) -> secret.Secret | None:
    try:
        password = env.read(choices.PASSWORD)
    except errors.LabError:
        return None
    if os.environ.get(choices.SERVER) != server:
        raise errors.LabError(
            f"{choices.PASSWORD} is set, but {choices.SERVER} does not name {server}",
            hint=f"labkit sends the password only to the server that is named beside it: "
            f"set {choices.SERVER}={server} if it is that one's",
        )
    return secret.Secret(password)


def _keyring(server: str, user: str) -> secret.Secret | None:
    try:
        return secret.Secret(keyring.read(SERVICE, f"{user}@{server}"))
    except errors.LabError:  # none is installed, or none has it: whoever is asked next may know
        return None
