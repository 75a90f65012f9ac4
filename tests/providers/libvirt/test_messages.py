"""What is said when libvirt, its pools or Vagrant are not what a lab needs, and what to do then."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from labkit import errors, markup, workspace
from labkit.providers import libvirt
from labkit.providers.libvirt import power, storage
from labkit.render import libvirt as hardware
from labkit.workspace import registry

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Generator

    from labkit.plan import model
    from labkit.ssh import keyring
    from tests import programs as fakes

VIRSH = ("virsh", "--quiet", "--connect", "qemu:///system")


@contextlib.contextmanager
def _said(message: str, hint: str = "") -> Generator[pytest.ExceptionInfo[errors.LabError]]:
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


NAME = "k8s-manual-ansible-01"
ASK = f"domstats --state --nowait {NAME}; dumpxml --inactive {NAME}"
ON, OFF = 1, 5
"""States of a domain, as libvirt counts them."""


@pytest.fixture
def there(
    provider: libvirt.Provider, lab: model.Lab, tmp_path: pathlib.Path, programs: fakes.Programs
) -> Callable[..., None]:
    """Return what lets the machine's domain be there, in one state after another."""
    assert provider
    owner = markup.quote(hardware.owner(registry.Entry(tmp_path, lab.name)))
    machine = lab.machine("ansible-01")
    cards = "".join(
        f"<interface type='network'><mac address='{nic.mac}'/>"
        f"<source network='{lab.name}-{nic.kind}'/></interface>"
        for nic in machine.nics
    )

    def announce(*states: int) -> None:
        programs.replace(*VIRSH, "list", "--all", "--name", out=f"{NAME}\n")
        for state in states:
            said = f"Domain: '{NAME}'\n  state.state={state}\n\n"
            document = (
                f"<domain type='qemu'>\n<name>{NAME}</name><uuid>{machine.uuid}</uuid>"
                f"<description>{owner}</description><memory>{machine.memory_mib << 10}</memory>"
                f"<vcpu>{machine.cpus}</vcpu><devices>{cards}</devices></domain>\n"
            )
            programs.expect(*VIRSH, ASK, out=said + document)

    return announce


def test_a_power_button_that_is_ignored(
    provider: libvirt.Provider,
    lab: model.Lab,
    there: Callable[..., None],
    programs: fakes.Programs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(provider, "_narrate", told.append)
    monkeypatch.setattr(power, "PATIENCE", -1.0)
    there(ON)
    for words in (("resume", NAME), ("shutdown", NAME, "--mode", "acpi"), ("destroy", NAME)):
        programs.expect(*VIRSH, *words)
    provider.stop(lab.machine("ansible-01"))
    assert told == ["ansible-01 ignored its power button for -1 s"]
    assert [*VIRSH, "destroy", NAME] in programs.ran


def test_a_machine_that_has_ended(
    provider: libvirt.Provider, lab: model.Lab, there: Callable[..., None]
) -> None:
    there(OFF)
    with _said(
        "the domain of ansible-01 has ended", "the tail of its console shows how far it came"
    ):
        provider.alive(lab.machine("ansible-01"))


LOG = "the full command is in the log"


def test_a_machine_that_cannot_be_saved(
    provider: libvirt.Provider,
    lab: model.Lab,
    there: Callable[..., None],
    programs: fakes.Programs,
) -> None:
    there(ON)
    words = ("snapshot-create-as", NAME, "labkit-exam", "--atomic")
    programs.expect(*VIRSH, *words, status=1, err="error: Requested operation is not valid")
    programs.expect(*VIRSH, "snapshot-list", NAME, "--name")
    with _said(
        "ansible-01 could not be saved: libvirt refused 'snapshot-create-as': "
        "Requested operation is not valid",
        LOG,
    ):
        provider.save(lab.machine("ansible-01"), "exam")


def test_a_machine_that_cannot_be_brought_back(
    provider: libvirt.Provider,
    lab: model.Lab,
    there: Callable[..., None],
    programs: fakes.Programs,
) -> None:
    there(OFF)
    programs.expect(*VIRSH, "snapshot-list", NAME, "--name", out="by-hand\n")
    with _said("ansible-01 could not be brought back: it has no snapshot 'exam'"):
        provider.restore(lab.machine("ansible-01"), "exam")
    programs.replace(*VIRSH, "snapshot-list", NAME, "--name", out="labkit-exam\n")
    document = "<domainsnapshot><name>labkit-exam</name><state>shutoff</state></domainsnapshot>"
    programs.expect(*VIRSH, f"snapshot-dumpxml {NAME} labkit-exam", out=document)
    words = ("snapshot-revert", NAME, "labkit-exam")
    programs.expect(*VIRSH, *words, status=1, err="error: revert requires force")
    with _said(
        "ansible-01 could not be brought back: libvirt refused 'snapshot-revert': "
        "revert requires force",
        LOG,
    ):
        provider.restore(lab.machine("ansible-01"), "exam")
