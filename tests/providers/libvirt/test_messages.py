"""What is said when libvirt, its pools or Vagrant are not what a lab needs, and what to do then."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from labkit import errors, workspace
from labkit.providers import libvirt
from labkit.providers.libvirt import storage

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Generator

    from labkit.plan import model
    from labkit.ssh import keyring
    from tests import programs as fakes

VIRSH = ("virsh", "--quiet", "--connect", "qemu:///system")


@contextlib.contextmanager
def _said(message: str, hint: str) -> Generator[pytest.ExceptionInfo[errors.LabError]]:
    with pytest.raises(errors.LabError) as caught:
        yield caught
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_pool_that_is_not_there(programs: fakes.Programs) -> None:
    programs.expect(*VIRSH, "pool-list", "--all", "--name", out="default\niso\n")
    with _said(
        "libvirt has no pool 'fast'",
        "'virsh pool-list --all' shows the pools; providers.libvirt.pool names one",
    ):
        storage.Pool("fast").ensure()


@pytest.fixture
def provider(
    lab: model.Lab,
    tmp_path: pathlib.Path,
    programs: fakes.Programs,
    make_keys: Callable[[model.Lab], keyring.Keyring],
) -> libvirt.Provider:
    """Give the provider of a lab that has no domain any more, and one volume."""
    space = workspace.Workspace(tmp_path, lab.name)
    space.make()
    space.ledger.set("ansible-01", workspace.Mark.MADE)
    programs.expect(*VIRSH, "list", "--all", "--name", out="foreign\n")
    programs.expect(*VIRSH, "net-list", "--all", "--name")
    programs.expect(*VIRSH, "pool-list", "--name", out="default\n")
    programs.expect(*VIRSH, "pool-refresh", "default")
    volume = f"{lab.name}-ansible-01.extra-1"
    programs.expect(*VIRSH, "vol-list", "default", out=f" {volume}   /pool/{volume}\n")
    programs.expect(*VIRSH, "vol-delete", volume, "--pool", "default")
    return libvirt.Provider(lab, space, lambda: make_keys(lab), print)


def test_a_volume_that_stays(provider: libvirt.Provider, programs: fakes.Programs) -> None:
    with _said(
        "libvirt still has k8s-manual-ansible-01.extra-1",
        "'virsh vol-delete NAME --pool default' says why; then run the same task again",
    ) as caught:
        provider.destroy("ansible-01")
    assert isinstance(caught.value, errors.LeftoverError)
    assert [*VIRSH, "vol-delete", "k8s-manual-ansible-01.extra-1", "--pool", "default"] in (
        programs.ran
    )
    assert provider.made()
    assert "volume k8s-manual-ansible-01.extra-1" in provider.leftovers()
