"""Names to numbers."""

from __future__ import annotations

import uuid

from labkit.plan import derive

_NAMES = [f"machine-{number}" for number in range(1000)]


def test_macs_are_unicast_local_and_unique() -> None:
    macs = [derive.mac("lab", name, nic) for name in _NAMES for nic in ("nat", "hostonly")]
    assert len(set(macs)) == 2000
    for mac in macs:
        octets = [int(octet, 16) for octet in mac.split(":")]
        assert len(octets) == 6
        assert mac == mac.lower()
        assert octets[0] & 0b11 == 0b10


def test_ports_are_below_the_ephemeral_ones() -> None:
    ports = {derive.ssh_port("lab", name) for name in _NAMES}
    assert min(ports) >= 10240
    assert max(ports) < 32768
    assert len(ports) > 950


def test_uuids_are_version_5_and_unique() -> None:
    made = [derive.machine_uuid("lab", name) for name in _NAMES]
    made += [derive.connection_uuid("lab", name, "nat") for name in _NAMES]
    assert len(set(made)) == 2000
    assert {each.version for each in made} == {5}
    assert {each.variant for each in made} == {uuid.RFC_4122}


def test_the_border_between_names_counts() -> None:
    assert derive.mac("ab", "c", "nat") != derive.mac("a", "bc", "nat")
    assert derive.ssh_port("ab", "c") != derive.ssh_port("a", "bc")
    assert derive.machine_uuid("ab", "c") != derive.machine_uuid("a", "bc")


def test_another_lab_is_another_in_everything() -> None:
    assert derive.lab_id("one") != derive.lab_id("two")
    assert derive.mac("one", "m", "nat") != derive.mac("two", "m", "nat")
    assert derive.machine_uuid("one", "m") != derive.machine_uuid("two", "m")


def test_numbers_never_change() -> None:
    # Machines of an older labkit must stay the same machines.
    assert derive.lab_id("k8s-manual") == "9ed0609f3b32"
    assert derive.mac("k8s-manual", "ansible-01", "nat") == "46:45:a7:45:76:30"
    assert derive.ssh_port("k8s-manual", "ansible-01") == 30777
    assert str(derive.machine_uuid("k8s-manual", "ansible-01")) == (
        "e5b87f01-30ad-5f25-940f-1967628188eb"
    )
    assert str(derive.connection_uuid("k8s-manual", "ansible-01", "nat")) == (
        "a6080d33-498b-5447-ae32-70430eb5ef18"
    )
    assert str(derive.network_uuid("k8s-manual", "hostonly")) == (
        "55c2c92b-7e1c-56c3-8546-5ce2edcab9af"
    )
