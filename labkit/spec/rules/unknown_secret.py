"""Each secret that a setting names is under `secrets`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import resolve, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    secrets = spec.lab.secrets
    for path, settings in resolve.written(spec.lab):
        name = settings.sudo_password
        if name is not None and name not in secrets:
            hint = "write a name under 'secrets:', with the place where the password is"
            if secrets:
                hint = words.nearest(name, secrets, otherwise="the secrets are")
            # The name is not repeated: somebody may have written the password itself.
            message = "'sudo_password' is the name of a secret, and there is none of this name"
            yield spec.problem((*path, "sudo_password"), message, hint)
