"""Secrets in the user's keyring: macOS Keychain, Secret Service, Windows Credential Locker.

The package keyring (PyPI) knows how to ask each of them. It is imported when a secret is needed
and not before, since few people have it installed.
"""

from __future__ import annotations

import importlib

from labkit import errors, visible


def read(service: str, user: str) -> str:
    """Return the password of an entry.

    Raises:
        errors.LabError: There is no such entry, no keyring, or no package to ask it with.
    """
    try:
        keyring = importlib.import_module("keyring")
        failures = importlib.import_module("keyring.errors")
    except ImportError:
        raise errors.LabError(
            "the Python package keyring is not installed", hint="pip install 'labkit[keyring]'"
        ) from None
    try:
        found = keyring.get_password(service, user)
    except failures.KeyringError as error:
        reason = visible.line(str(error)) or type(error).__name__
        raise errors.LabError(
            f"the keyring cannot be asked: {reason}",
            hint="unlock it, or name an environment variable instead",
        ) from None
    if found is None:
        raise errors.LabError(
            f"the keyring has no entry for the user '{user}' of the service '{service}'",
            hint=f"make one: keyring set {service} {user}",
        )
    return str(found)
