"""Addresses of a range, and what guests tell."""

from __future__ import annotations

import ipaddress

import pytest

from labkit import errors
from labkit.providers.vsphere import addressing
from tests.providers.vsphere import sample

FIRST, LAST = ipaddress.IPv4Address("10.1.0.10"), ipaddress.IPv4Address("10.1.0.19")
NAMES = [f"m{number}" for number in range(9)]


def test_each_machine_gets_one_that_nobody_else_has() -> None:
    given = addressing.assign(NAMES, {}, (FIRST, LAST), [FIRST])
    assert sorted(given) == NAMES
    assert len({*given.values()} - {FIRST}) == len(NAMES)
    assert all(FIRST < each <= LAST for each in given.values())


def test_the_order_means_nothing() -> None:
    assert addressing.assign(NAMES, {}, (FIRST, LAST), ()) == addressing.assign(
        NAMES[::-1], {}, (FIRST, LAST), ()
    )


def test_a_machine_keeps_its_address() -> None:
    given = addressing.assign(NAMES[1:], {}, (FIRST, LAST), ())
    assert given.items() <= addressing.assign(NAMES, given, (FIRST, LAST), ()).items()


def test_too_few() -> None:
    with pytest.raises(errors.ProviderError) as caught:
        addressing.assign([*NAMES, "m9", "m10"], {}, (FIRST, LAST), [FIRST])
    assert caught.value.message == (
        "the addresses 10.1.0.10 to 10.1.0.19 are 2 too few for 11 machines"
    )
    assert caught.value.hint == "widen providers.vsphere.address_range"


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ((), ""),
        (("fe80::1", "169.254.3.4"), ""),
        (("fe80::1", "10.0.2.7"), "10.0.2.7"),
        (("nonsense", "10.0.2.7"), "10.0.2.7"),
    ],
)
def test_what_a_guest_tells(told: tuple[str, ...], found: str) -> None:
    assert addressing.reported(told) == found


def test_facts_take_the_plans_place() -> None:
    facts = {"nat": "00:50:56:80:00:01", "hostonly": "00:50:56:80:00:02"}
    real = addressing.with_facts(sample.MACHINE, facts, ipaddress.IPv4Address("10.0.2.99"))
    assert str(real.nic("nat").address) == "10.0.2.99/24"
    assert [each.mac for each in real.nics] == [*facts.values()]
    assert real.nic("hostonly").address == sample.MACHINE.nic("hostonly").address
    assert addressing.with_facts(sample.MACHINE, {}, None) == sample.MACHINE
