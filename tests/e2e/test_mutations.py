"""Verify names exactly what is broken on real machines, and nothing on healthy ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import mutants, mutations

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

_SAMPLE = frozenset({
    "address_on_loopback", "address_second_nat", "clock_ahead", "clock_behind", "disk_full",
    "dns_server_more", "firewall_port", "folder_open", "host_key_copied", "hostname_file",
    "hosts_changed", "hosts_more", "inventory_changed", "ipv6_one_card", "processor_off",
})  # fmt: skip


@pytest.fixture(scope="module")
def bed() -> Iterator[mutations.Bed]:
    with mutations.bed() as made:
        yield made


def _wrong(bed: mutations.Bed, chosen: list[mutants.Mutation], *, briefly: bool) -> list[str]:
    verdicts = [
        verdict
        for together in mutants.rounds(chosen)
        for verdict in bed.judge(together, briefly=briefly)
    ]
    assert {each.mutation.name for each in verdicts} == {each.name for each in chosen}
    return [
        f"{each.mutation.name}: missing {each.missing}, unrelated {each.unrelated}"
        for each in verdicts
        if not each.ok
    ]


def test_a_healthy_lab_is_healthy(bed: mutations.Bed) -> None:
    assert bed.look() == ()


def test_each_of_a_sample_is_named_exactly(bed: mutations.Bed) -> None:
    chosen = [each for each in mutants.load() if each.name in _SAMPLE]
    assert {each.name for each in chosen} == _SAMPLE
    assert _wrong(bed, chosen, briefly=True) == []
    assert bed.look() == ()


@pytest.mark.slow
def test_every_mutation_is_named_exactly(bed: mutations.Bed) -> None:
    assert _wrong(bed, list(mutants.load()), briefly=False) == []


@pytest.mark.slow
def test_a_healthy_lab_gives_no_alarm_in_fifty_looks(bed: mutations.Bed) -> None:
    assert [said for _ in range(mutations.HEALTHY) if (said := bed.look())] == []
