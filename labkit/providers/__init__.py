"""Ways of making machines, one module or package each, named as in lab.yml."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from labkit import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit import workspace
    from labkit.plan import model
    from labkit.providers import base
    from labkit.ssh import keyring


def create(
    lab: model.Lab,
    space: workspace.Workspace,
    keys: Callable[[], keyring.Keyring],
    narrate: Callable[[str], None],
) -> base.Provider:
    """Return the provider that lab.yml names.

    Raises:
        errors.ProviderError: labkit renders for that provider, but does not run it.
    """
    try:
        module = importlib.import_module(f"{__name__}.{lab.provider}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{lab.provider}":
            raise
        raise errors.ProviderError(
            f"labkit does not run the provider '{lab.provider}' itself yet",
            hint=f"'lab.render' writes .lab/{lab.name}/Vagrantfile; run 'vagrant up "
            f"--provider {lab.provider}' in that folder",
        ) from None
    provider: base.Provider = module.Provider(lab, space, keys, narrate)
    return provider
