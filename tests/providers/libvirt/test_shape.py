from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.plan import derive
from labkit.providers import base
from labkit.providers.libvirt import domains, shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.plan import model

EXTRA = {
    "nics": [{"kind": "internal", "name": "dmz"}, {"kind": "bridged", "name": "br0"}],
    "disks": [1],
}


@pytest.fixture
def lab(lab: model.Lab) -> model.Lab:
    return dataclasses.replace(lab, provider_options={"machines": {"ansible-01": EXTRA}})


def _domain(lab: model.Lab, cards: Mapping[str, str], *volumes: str) -> domains.Domain:
    machine = lab.machine("ansible-01")
    return domains.Domain(
        name=f"{lab.name}-{machine.name}",
        uuid=machine.uuid,
        state=base.State.STOPPED,
        description="",
        cpus=machine.cpus,
        memory_mib=machine.memory_mib,
        cards=cards,
        files=tuple(f"/pool/{lab.name}-{machine.name}.{each}" for each in volumes),
    )


def _cards(lab: model.Lab) -> dict[str, str]:
    nat, hostonly = lab.machine("ansible-01").nics
    third, fourth = (derive.extra_mac(lab.name, "ansible-01", each) for each in (3, 4))
    return {
        nat.mac: f"{lab.name}-nat",
        hostonly.mac: f"{lab.name}-hostonly",
        third: f"{lab.name}-internal-dmz",
        fourth: "br0",
    }


@pytest.mark.parametrize("is_new", [True, False])
def test_one_that_is_as_lab_yml_says(lab: model.Lab, is_new: bool) -> None:
    domain = _domain(lab, _cards(lab), "img", "seed", "extra-1")
    assert shape.is_whole(lab, lab.machine("ansible-01"), domain, is_new=is_new)


def test_more_than_lab_yml_says_is_nobody_s_business(lab: model.Lab) -> None:
    cards = {**_cards(lab), "52:54:00:00:00:01": "default"}
    domain = _domain(lab, cards, "img", "seed", "extra-1", "extra-2")
    assert shape.is_whole(lab, lab.machine("ansible-01"), domain, is_new=False)


@pytest.mark.parametrize("is_new", [True, False])
def test_one_without_the_two_cards_of_every_machine_is_half(lab: model.Lab, is_new: bool) -> None:
    cards = dict(list(_cards(lab).items())[:1])
    domain = _domain(lab, cards, "img", "seed", "extra-1")
    assert not shape.is_whole(lab, lab.machine("ansible-01"), domain, is_new=is_new)


@pytest.mark.parametrize("missing", ["card", "plugged elsewhere", "disk"])
def test_one_that_was_made_otherwise_is_refused_and_kept(lab: model.Lab, missing: str) -> None:
    cards, volumes = _cards(lab), ["img", "seed", "extra-1"]
    last = list(cards)[-1]
    if missing == "card":
        del cards[last]
    elif missing == "plugged elsewhere":
        cards[last] = "br1"
    else:
        volumes.remove("extra-1")
    domain, machine = _domain(lab, cards, *volumes), lab.machine("ansible-01")
    assert not shape.is_whole(lab, machine, domain, is_new=True)
    with pytest.raises(errors.ProviderError) as caught:
        shape.is_whole(lab, machine, domain, is_new=False)
    assert caught.value.message == (
        "ansible-01 was made with other cards or disks than lab.yml says now"
    )
    assert caught.value.hint == (
        "write them as they were, or 'lab.destroy' and then 'lab.up' make the lab anew"
    )
