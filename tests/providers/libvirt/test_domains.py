from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from labkit import markup
from labkit.plan import derive
from labkit.providers import base
from labkit.providers.libvirt import domains
from labkit.render import libvirt

if TYPE_CHECKING:
    from labkit.workspace import registry

SAID = """\
Domain: 'k8s-manual-ansible-01'
  state.state={state}
  state.reason=1

<domain type='qemu' id='1'>
  <name>k8s-manual-ansible-01</name>
  <uuid>{uuid}</uuid>
  <description>{description}</description>
  <memory unit='KiB'>524288</memory>
  <vcpu placement='static'>2</vcpu>
  <devices>
    <disk type='file' device='disk'><source file='/pool/k8s-manual-ansible-01.img'/></disk>
    <interface type='network'>
      <mac address='02:00:00:00:00:01'/><source network='k8s-manual-nat' bridge='virbr1'/>
    </interface>
    <interface type='bridge'><mac address='02:00:00:00:00:02'/><source bridge='br0'/></interface>
  </devices>
</domain>

"""
NAME = "k8s-manual-ansible-01"
UUID = derive.machine_uuid("k8s-manual", "ansible-01")


def _read(entry: registry.Entry, *, state: int = 1, description: str = "") -> domains.Domain:
    said = description or markup.quote(libvirt.owner(entry))
    return domains.read(SAID.format(uuid=UUID, state=state, description=said))[NAME]


def test_reads_what_virsh_prints(entry: registry.Entry) -> None:
    assert _read(entry) == domains.Domain(
        name=NAME,
        uuid=UUID,
        state=base.State.RUNNING,
        description=libvirt.owner(entry),
        cpus=2,
        memory_mib=512,
        cards={"02:00:00:00:00:01": "k8s-manual-nat", "02:00:00:00:00:02": "br0"},
        files=("/pool/k8s-manual-ansible-01.img",),
    )


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (1, base.State.RUNNING),
        (3, base.State.RUNNING),  # held
        (4, base.State.RUNNING),  # on its way down
        (5, base.State.STOPPED),
        (6, base.State.STOPPED),  # crashed
    ],
)
def test_states(entry: registry.Entry, state: int, found: base.State) -> None:
    assert _read(entry, state=state).state is found


def test_knows_whose_a_domain_is(entry: registry.Entry) -> None:
    domain = _read(entry)
    assert domains.owner(domain) == entry
    assert domains.machine(domain, entry) == "ansible-01"


def test_what_is_not_proved_is_nobody_s(entry: registry.Entry) -> None:
    domain = _read(entry)
    other = derive.machine_uuid("k8s-manual", "k8s-master-01")
    assert domains.owner(dataclasses.replace(domain, uuid=other)) is None
    assert domains.owner(dataclasses.replace(domain, name="k8s-manual")) is None
    assert domains.owner(_read(entry, description="Source: /srv/Vagrantfile")) is None
