"""The secrets of one lab, each read from its source when it is first asked for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from labkit import errors, secret
from labkit.secrets import env, file, keyring
from labkit.spec import words

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

    from labkit.plan import model


class Store:
    """What `{{ secrets.NAME }}` in a profile asks.

    It has no public attributes beside the names of the secrets, so that none of them is hidden.
    """

    __slots__ = ("_blind", "_folder", "_lock", "_read", "_sources")

    def __init__(
        self,
        sources: Mapping[str, model.SecretSource],
        folder: pathlib.Path,
        *,
        blind: bool = False,
    ) -> None:
        """Remember where the secrets are; nothing is read yet.

        Args:
            sources: Where each of them is.
            folder: The lab folder.
            blind: Never read any, and give one that tells nothing in its place: for whoever shows
                what would be done and does not do it.
        """
        self._sources = sources
        self._folder = folder
        self._blind = blind
        self._read: dict[str, secret.Secret] = {}
        # Machines are worked on by threads, and a keyring may ask the person for each reading.
        self._lock = threading.Lock()

    def __getitem__(self, name: object) -> secret.Secret:
        """Return a secret.

        Raises:
            errors.LabError: The lab has none of that name, or its source does not give it.
        """
        key = str(name)
        if key not in self._sources:
            otherwise = "its secrets are:" if self._sources else "add it under 'secrets:'"
            raise errors.LabError(
                f"lab.yml has no secret {words.show(key)}",
                hint=words.nearest(key, self._sources, otherwise=otherwise).strip(),
            )
        with self._lock:
            if key not in self._read:
                self._read[key] = self._resolve(key)
            return self._read[key]

    def held(self) -> tuple[str, ...]:
        """Return what was read so far, for whoever must make sure that none of it shows."""
        with self._lock:
            return tuple(each.reveal() for each in self._read.values())

    def __repr__(self) -> str:
        """Name the secrets."""
        return f"Store({', '.join(self._sources)})"

    def _resolve(self, name: str) -> secret.Secret:
        if self._blind:
            return secret.Secret(f"(the secret {name})")
        try:
            text = _ask(self._sources[name], self._folder)
        except errors.LabError as error:
            message = f"the secret '{name}' cannot be read: {error.message}"
            raise errors.LabError(message, hint=error.hint) from None
        if not text.strip():
            raise errors.LabError(f"the secret '{name}' is empty", hint="set it to something")
        return secret.Secret(text)


def sudo_password(store: Store, machine: model.Machine) -> secret.Secret | None:
    """Return what sudo(8) asks the machine's user for; None where lab.yml names no secret for it.

    Raises:
        errors.LabError: Its source does not give it, or it is more than one line.
    """
    name = machine.sudo_password
    if name is None:
        return None
    # sudo -S reads one line; a file ends with a line end that is not a part of the password.
    line = store[name].reveal().removesuffix("\n").removesuffix("\r")
    if "\n" in line or "\r" in line:
        raise errors.LabError(
            f"the secret '{name}' has several lines, and a password is one",
            hint="is it the right one for sudo_password?",
        )
    return secret.Secret(line)


def variables(sources: Mapping[str, model.SecretSource]) -> tuple[str, ...]:
    """Return the environment variables among the sources."""
    return tuple(each.name for each in sources.values() if each.kind == "env")


def _ask(source: model.SecretSource, folder: pathlib.Path) -> str:
    match source.kind:
        case "env":
            return env.read(source.name)
        case "file":
            return file.read(source.name, folder)
        case "keyring":
            return keyring.read(source.service, source.name)
