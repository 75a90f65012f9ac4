"""Whose something on a vCenter is."""

from __future__ import annotations

import pytest

from labkit.providers.vsphere import stamp
from tests.providers.vsphere import sample


def test_a_stamp_reads_back() -> None:
    assert stamp.read(str(sample.OWN)) == sample.OWN
    folder = stamp.Stamp("0123456789ab", "0123456789ab")
    assert stamp.read(str(folder)) == folder
    assert len(str(sample.OWN)) < 255, "what a vCenter keeps of a custom attribute"


@pytest.mark.parametrize(
    "text", ["", "labkit", "mine", f"{sample.OWN} ", f"x{sample.OWN}", str(sample.OWN).upper()]
)
def test_anything_else_is_no_stamp(text: str) -> None:
    assert stamp.read(text) is None


def test_the_same_lab_of_somebody_else_is_not_ours() -> None:
    other = stamp.Stamp(sample.OWN.lab, stamp.owner("somebody@vsphere.local"))
    assert not sample.OWN.is_of(other)
    assert stamp.owner("Lab@VSPHERE.local") == stamp.owner("lab@vsphere.local")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "demo"}', "7"])
def test_no_origin(text: str) -> None:
    assert stamp.read_origin({stamp.ORIGIN: text}) is None


def test_an_origin_reads_back() -> None:
    assert stamp.read_origin({stamp.ORIGIN: str(sample.ORIGIN)}) == sample.ORIGIN
