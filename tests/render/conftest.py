"""The default lab as a plan made by hand, and the programs that read what is rendered."""

from __future__ import annotations

import dataclasses
import ipaddress
import pathlib
import shutil
import subprocess
import uuid
from collections.abc import Callable

import pytest

from labkit.plan import model

ROOT = pathlib.Path(__file__).parents[2]
NAT = ipaddress.IPv4Network("10.0.2.0/24")
HOSTONLY = ipaddress.IPv4Network("192.168.56.0/24")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _nic(kind: model.NicKind, adapter: int, name: str, last: int) -> model.Nic:
    network = NAT if kind == "nat" else HOSTONLY
    return model.Nic(
        kind=kind,
        adapter=adapter,
        mac=f"02:4c:{adapter:02x}:00:00:{last:02x}",
        address=ipaddress.IPv4Interface(f"{network[last]}/{network.prefixlen}"),
        connection=uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}/{kind}"),
    )


def _machine(name: str, role: str, last: int) -> model.Machine:
    return model.Machine(
        name=name,
        roles=(role,),
        profiles=("base",),
        uuid=uuid.uuid5(uuid.NAMESPACE_DNS, name),
        image="debian-12",
        cpus=1,
        memory_mib=512,
        disk_gib=4,
        nics=(_nic("nat", 1, name, last), _nic("hostonly", 2, name, last)),
        ssh_port=11000 + last,
        selinux="permissive",
        time_zone="Etc/UTC",
        packages=(),
        sysctl={},
    )


@pytest.fixture
def lab() -> model.Lab:
    return model.Lab(
        name="k8s-manual",
        id="0123456789ab",
        provider="virtualbox",
        provider_options={"gui": False, "linked_clone": True},
        networks=(
            model.Network("nat", NAT, gateway=NAT[2], dns=NAT[3]),
            model.Network("hostonly", HOSTONLY, gateway=None, dns=None),
        ),
        search=("lab.internal",),
        machines=(
            _machine("ansible-01", "ansible", 51),
            _machine("k8s-master-01", "master", 61),
            _machine("k8s-minion-01", "minion", 62),
            _machine("k8s-minion-02", "minion", 63),
        ),
    )


@pytest.fixture
def libvirt_lab(lab: model.Lab) -> model.Lab:
    return dataclasses.replace(lab, provider="libvirt", provider_options={"driver": "qemu"})


@pytest.fixture
def template() -> pathlib.Path:
    return ROOT / "Vagrantfile.j2"


@pytest.fixture
def cases() -> pathlib.Path:
    return ROOT / "tests" / "cases" / "render"


@pytest.fixture
def run(tmp_path: pathlib.Path) -> Run:
    """Run a program that a person may lack, in an environment that reaches nothing of theirs."""

    def start(*command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        program = shutil.which(command[0])
        if program is None:
            pytest.skip(f"{command[0]} is not installed")
        return subprocess.run(
            [program, *command[1:]],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
            cwd=tmp_path,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(tmp_path),
                "LANG": "C.UTF-8",
                "VAGRANT_HOME": str(tmp_path / "vagrant-home"),
                "VAGRANT_CHECKPOINT_DISABLE": "1",
                "VAGRANT_EXPERIMENTAL": "disks",
            },
        )

    return start
