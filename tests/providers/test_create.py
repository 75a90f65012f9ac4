"""From a provider's name to the provider."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING

import pytest

from labkit import errors, providers, workspace
from labkit.providers import qemu, virtualbox
from labkit.spec import context

if TYPE_CHECKING:
    from labkit.plan import model
    from labkit.providers import base
    from labkit.ssh import keyring


def _create(lab: model.Lab) -> base.Provider:
    def keys() -> keyring.Keyring:
        pytest.fail("keys are made when they are needed, not before")

    space = workspace.Workspace(pathlib.Path("none"), lab.name)
    return providers.create(lab, space, keys, lambda _: None)


def test_qemu(default_lab: model.Lab) -> None:
    assert isinstance(_create(default_lab), qemu.Provider)


def test_virtualbox(default_lab: model.Lab) -> None:
    made = _create(dataclasses.replace(default_lab, provider="virtualbox"))
    assert isinstance(made, virtualbox.Provider)


@pytest.mark.parametrize("name", sorted(set(context.PROVIDERS) - {"qemu", "virtualbox"}))
def test_what_vagrant_runs(default_lab: model.Lab, name: str) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        _create(dataclasses.replace(default_lab, provider=name))
    assert caught.value.message == f"labkit does not run the provider '{name}' itself yet"
    assert caught.value.hint == (
        "'lab.render' writes .lab/k8s-manual/Vagrantfile; "
        f"run 'vagrant up --provider {name}' in that folder"
    )
