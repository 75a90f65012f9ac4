"""Labs on a simulated vCenter, brought up and removed as the life cycle does it, without SSH.

The machines of the simulator have no inside. So what is tested here ends where SSH begins.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import TYPE_CHECKING

import yaml

from labkit import errors, parallel
from labkit.lifecycle import context
from labkit.providers import base
from labkit.providers.vsphere import options, site
from tests.e2e.vsphere import vcenter
from tests.e2e.vsphere.api import vim

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

    import pytest

    from tests.e2e.vsphere.api import Object

READING = frozenset(
    {
        "ContinueRetrievePropertiesEx", "CreateContainerView", "DestroyView",
        "FetchUserPrivilegeOnEntities", "Login", "Logout", "RetrievePropertiesEx",
        "RetrieveServiceContent", "rest:find", "rest:item", "rest:session",
    }
)  # fmt: skip
"""Calls that change nothing."""
NAT, HOSTONLY = ipaddress.IPv4Network("198.18.0.0/16"), ipaddress.IPv4Network("198.19.0.0/16")
_FIRST_PORT = 11_000


def settings(there: vcenter.Vcenter, **more: object) -> dict[str, object]:
    """Return what a lab file says about the vCenter; what is None is left out."""
    said = {
        "server": there.host,
        "port": there.port,
        "sha256": there.sha256,
        "user": there.user,
        "resource_pool": "DC0_C0",
        "template": "debian-12",
        "nat": {"name": "VM Network"},
        "hostonly": {"name": "DC0_DVPG0"},
        **more,
    }
    return {name: value for name, value in said.items() if value is not None}


def write(
    folder: pathlib.Path, name: str, said: Mapping[str, object], machines: int, first: int = 0
) -> pathlib.Path:
    """Write the lab file of a lab with so many machines, which are numbered from `first` on."""
    entries = {
        f"m{number:04}": {
            "nat": str(NAT[20 + number]),
            "hostonly": str(HOSTONLY[20 + number]),
            "ssh_port": _FIRST_PORT + number,
        }
        for number in range(first, first + machines)
    }
    document = {
        "lab": name,
        "provider": "vsphere",
        "networks": {"nat": {"subnet": str(NAT)}, "hostonly": {"subnet": str(HOSTONLY)}},
        "defaults": {"image": "debian-12", "memory": "2048 MiB", "cpus": 2, "disk": "16 GiB"},
        "machines": entries,
        "providers": {"vsphere": dict(said)},
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "lab.yml"
    file.write_text(yaml.safe_dump(document))
    return file


@dataclasses.dataclass(frozen=True, slots=True)
class School:
    """Some labs on one vCenter."""

    there: vcenter.Vcenter
    files: tuple[pathlib.Path, ...]

    def open(self) -> tuple[context.Context, ...]:
        """Open the labs anew, as another process would: nothing is known, and nobody logged in."""
        site.close_all()
        return tuple(context.open_lab(file) for file in self.files)

    def up(self) -> dict[str, Exception]:
        """Bring all labs up at the same time; return what failed, by machine.

        Raises:
            errors.LabError: Preflight refuses, or what all machines share cannot be made.
        """
        labs = self.open()
        waiting = dict[str, tuple[context.Context, str]]()
        for lab in labs:
            lab.space.make()
            lab.space.ledger.mend()
            lab.provider.mend()
            wrong = [each for each in lab.provider.preflight() if not each.ok]
            if wrong:
                text = "; ".join(f"{each.name}: {each.detail}" for each in wrong)
                raise errors.LabError(text, hint="; ".join(each.hint for each in wrong))
            lab.provider.prepare()
            lab.provider.status()
            for machine in lab.lab.machines:
                waiting[f"{lab.lab.name}-{machine.name}"] = lab, machine.name
        done = parallel.each(
            waiting,
            lambda item: item[0].provider.start(item[0].lab.machine(item[1])),
            at_once=labs[0].provider.at_once(),
        )
        return {name: each for name, each in done.items() if isinstance(each, Exception)}

    def states(self) -> dict[str, base.State]:
        """Ask for the state of all machines, in one process that does nothing else."""
        return {
            f"{lab.lab.name}-{name}": state
            for lab in self.open()
            for name, state in lab.provider.status().items()
        }

    def together(self) -> dict[str, int]:
        """Ask for the states of all labs at once, as for a class; return how many machines run."""
        labs = {lab.lab.name: lab.provider for lab in self.open()}
        found = type(next(iter(labs.values()))).statuses(labs)
        wrong = [each for each in found.values() if isinstance(each, Exception)]
        assert not wrong, wrong
        return {
            name: sum(state is base.State.RUNNING for state in each.values())
            for name, each in found.items()
            if not isinstance(each, Exception)
        }

    def destroy(self) -> dict[str, Exception]:
        """Remove all labs; return what could not be removed, by machine."""
        labs = self.open()
        failed = dict[str, Exception]()
        for lab in labs:
            lab.space.make()
            lab.provider.mend()
            names = {name: name for name in lab.provider.made()}
            done = parallel.each(names, lab.provider.destroy, at_once=lab.provider.at_once())
            bad = {name: each for name, each in done.items() if isinstance(each, Exception)}
            failed |= {f"{lab.lab.name}-{name}": each for name, each in bad.items()}
            if not bad:
                lab.provider.clear()
        return failed

    def leftovers(self) -> list[str]:
        """Say what is left, as labkit sees it."""
        return [each for lab in self.open() for each in lab.provider.leftovers()]


def close() -> None:
    """Log out everywhere."""
    site.close_all()


def environment(there: vcenter.Vcenter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Say in the environment who logs in."""
    monkeypatch.setenv(options.SERVER, there.host)
    monkeypatch.setenv(options.USER, there.user)
    monkeypatch.setenv(options.PASSWORD, there.password)


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """A machine as the vCenter shows it to pyvmomi."""

    moid: str
    folder: str
    running: bool
    cpus: int
    memory: int
    macs: tuple[str, ...]
    changed: str
    """Changes with the machine's configuration."""
    stamped: bool


def machines(there: vcenter.Vcenter) -> list[tuple[str, Seen]]:
    """Read all machines past labkit; two of one name are two."""
    with there.session() as instance:
        found = vcenter.everything(instance, vim.VirtualMachine)
        return sorted(
            ((each.name, _seen(each)) for each in found), key=lambda pair: (pair[0], pair[1].moid)
        )


def _seen(vm: Object) -> Seen:
    config = vm.config
    return Seen(
        moid=vm._moId,
        folder=vm.parent.name,
        running=vm.runtime.powerState == "poweredOn",
        cpus=config.hardware.numCPU,
        memory=config.hardware.memoryMB,
        macs=tuple(
            each.macAddress
            for each in config.hardware.device
            if isinstance(each, vim.vm.device.VirtualEthernetCard)
        ),
        changed=str(config.modified),
        stamped=any(each.key == "labkit.stamp" for each in config.extraConfig),
    )
