from __future__ import annotations

import dataclasses
import ipaddress
import pathlib
from typing import TYPE_CHECKING

import pytest

from labkit.plan import derive
from labkit.providers.libvirt import networks, preflight
from labkit.render import libvirt
from labkit.workspace import registry

if TYPE_CHECKING:
    from labkit.plan import model

CASES = pathlib.Path(__file__).parents[2] / "cases" / "providers"
_ADDRESS = ipaddress.IPv4Address("192.168.56.9")
RENAME = "rename the lab in lab.yml; nothing of others is touched"


def _read(lab: model.Lab, kind: str, entry: registry.Entry) -> networks.Network:
    (network,) = networks.read(networks.document(lab, kind, entry))
    return network


@pytest.mark.parametrize("kind", ["nat", "hostonly", "internal-dmz"])
def test_golden(lab: model.Lab, entry: registry.Entry, kind: str) -> None:
    golden = (CASES / f"libvirt-{kind}.xml").read_text(encoding="utf-8")
    assert networks.document(lab, kind, entry) == golden


def test_what_is_written_is_read(lab: model.Lab, entry: registry.Entry) -> None:
    nat, hostonly = _read(lab, "nat", entry), _read(lab, "hostonly", entry)
    assert (nat.owner, hostonly.owner) == (entry, entry)
    assert [str(each) for each in nat.addresses] == ["10.0.2.2/24", "10.0.2.3/24"]
    assert [str(each) for each in hostonly.addresses] == ["192.168.56.1/24"]
    wanted = {(each.nic("nat").mac, str(each.nic("nat").address.ip)) for each in lab.machines}
    assert nat.machines == wanted
    assert hostonly.machines == frozenset()


def test_a_network_that_this_host_is_not_on(lab: model.Lab, entry: registry.Entry) -> None:
    inside = dataclasses.replace(lab, provider_options={"internal": True})
    found = _read(inside, "hostonly", entry)
    assert (found.owner, found.addresses) == (entry, ())
    finding = preflight.network(inside, "hostonly", entry, {}, {"eth0": [_ADDRESS]})
    assert (finding.ok, finding.detail) == (True, "this host has no address on it")
    for there, wanted, how in (
        (found, _read(lab, "hostonly", entry), "without this host on it"),
        (_read(lab, "hostonly", entry), found, "with this host on it"),
    ):
        refused = networks.refusal(there, wanted)
        assert refused is not None
        assert refused.message == f"libvirt's network 'k8s-manual-hostonly' was made {how}"


def test_internal_networks_are_those_that_lab_yml_names(lab: model.Lab) -> None:
    first, second = (
        {"nics": [{"kind": "internal", "name": "dmz"}, {"kind": "network", "name": "default"}]},
        {"nics": [{"kind": "internal", "name": "nat"}, {"kind": "internal", "name": "dmz"}]},
    )
    options = {"machines": {"ansible-01": first, "k8s-master-01": second}}
    more = dataclasses.replace(lab, provider_options=options)
    assert libvirt.kinds(more) == ("nat", "hostonly", "internal-dmz", "internal-nat")
    assert libvirt.kinds(lab) == ("nat", "hostonly")


def test_a_mark_under_another_name_proves_nothing(lab: model.Lab, entry: registry.Entry) -> None:
    text = networks.document(lab, "internal-dmz", entry)
    assert _owner(text) == entry
    assert _owner(text.replace("-internal-dmz<", "-internal-lan<")) is None


def _owner(text: str) -> registry.Entry | None:
    (found,) = networks.read(text)
    return found.owner


def test_a_mark_with_another_uuid_proves_nothing(lab: model.Lab, entry: registry.Entry) -> None:
    text = networks.document(lab, "nat", entry)
    other = str(derive.machine_uuid(lab.name, "nat"))
    (found,) = networks.read(text.replace(str(derive.network_uuid(lab.name, "nat")), other))
    assert found.owner is None


def test_a_network_of_its_own_is_no_hindrance(lab: model.Lab, entry: registry.Entry) -> None:
    wanted = _read(lab, "nat", entry)
    fewer = dataclasses.replace(wanted, machines=frozenset(), bridge="virbr7")
    assert networks.refusal(fewer, wanted) is None


def test_networks_of_others_are_refused(lab: model.Lab, entry: registry.Entry) -> None:
    wanted = _read(lab, "nat", entry)
    foreign = networks.refusal(dataclasses.replace(wanted, owner=None), wanted)
    assert foreign is not None
    assert foreign.message == "libvirt's network 'k8s-manual-nat' is not labkit's"
    assert foreign.hint == RENAME
    other = registry.Entry(pathlib.Path("/home/b"), lab.name)
    theirs = networks.refusal(dataclasses.replace(wanted, owner=other), wanted)
    assert theirs is not None
    assert theirs.message == (
        "libvirt's network 'k8s-manual-nat' is that of lab 'k8s-manual' in /home/b"
    )
    moved = (ipaddress.IPv4Interface("10.0.9.2/24"),)
    elsewhere = networks.refusal(dataclasses.replace(wanted, addresses=moved), wanted)
    assert elsewhere is not None
    assert elsewhere.message == "libvirt's network 'k8s-manual-nat' was made for another subnet"
    assert elsewhere.hint == "'lab.destroy', then 'lab.up' makes the lab on the new one"


def test_preflight_looks_beside_the_lab_s_own(lab: model.Lab, entry: registry.Entry) -> None:
    own = dataclasses.replace(_read(lab, "nat", entry), bridge="virbr1")
    near = [ipaddress.IPv4Address("10.0.2.15")]
    default = dataclasses.replace(own, name="default", owner=None, bridge="virbr0")
    hint = "end that one, or give networks.nat another subnet in lab.yml"

    def look(
        known: dict[str, networks.Network], cards: dict[str, list[ipaddress.IPv4Address]]
    ) -> tuple[bool, str, str]:
        found = preflight.network(lab, "nat", entry, known, cards)
        assert found.name == "network k8s-manual-nat"
        return found.ok, found.detail, found.hint

    assert look({}, {}) == (True, "10.0.2.0/24", "")
    assert look({own.name: own}, {"virbr1": near}) == (True, "10.0.2.0/24", "")
    taken = "10.0.2.0/24 is the subnet of libvirt's network 'default'"
    assert look({"default": default}, {}) == (False, taken, hint)
    assert look({}, {"eth0": near}) == (
        False,
        "10.0.2.0/24 is the subnet of this host's eth0",
        hint,
    )
    foreign = dataclasses.replace(own, owner=None)
    assert look({own.name: foreign}, {}) == (
        False,
        "libvirt's network 'k8s-manual-nat' is not labkit's",
        RENAME,
    )
