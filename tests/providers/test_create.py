"""From a provider's name to the provider."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING

import pytest

from labkit import errors, providers, workspace
from labkit.providers import libvirt, qemu, virtualbox

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


def test_libvirt(default_lab: model.Lab) -> None:
    lab = dataclasses.replace(default_lab, provider="libvirt", provider_options={})
    assert isinstance(_create(lab), libvirt.Provider)


def test_a_provider_that_labkit_does_not_run(default_lab: model.Lab) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        _create(dataclasses.replace(default_lab, provider="parallels"))
    assert caught.value.message == "labkit does not run the provider 'parallels' itself yet"
    assert caught.value.hint == (
        "'lab.render' writes .lab/k8s-manual/Vagrantfile; "
        "run 'vagrant up --provider parallels' in that folder"
    )
