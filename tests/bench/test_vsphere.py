"""The page of the vSphere benchmark says what was counted, and what it should be."""

from __future__ import annotations

from bench import vsphere
from tests.e2e.vsphere import vcenter


def _row(seconds: float, calls: int) -> vsphere.Row:
    counts = vcenter.Counts({"Login": 1, "CloneVM_Task": calls - 1}, 1, 8, 0, 0)
    return vsphere.Row("ten machines up", 10, seconds, counts, 30, 12, is_each=True)


def test_a_row_reaches_both_or_does_not() -> None:
    assert str(_row(12.34, 118)) == (
        "| ten machines up | 12.3 s | 30 s | 11.8 a machine | 12 a machine | 8 | yes |"
    )
    assert not _row(31, 118).ok
    assert not _row(12, 121).ok
    assert str(_row(12, 121)).endswith("| NO |")


def test_a_page_has_the_counters_of_each_row() -> None:
    page = vsphere.page([_row(12.34, 118)])
    assert "\n## ten machines up\n\n| call | number |\n" in page
    assert page.index("| CloneVM_Task | 117 |") < page.index("| Login | 1 |")
    assert page.endswith("|\n")
