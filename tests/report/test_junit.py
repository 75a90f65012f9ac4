"""JUnit XML: its structure, by the rules of the two schemas that readers check it with.

The stricter one of Ant's JUnit task and of Jenkins' xUnit plugin counts in each case.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from labkit.report import junit, model
from tests.report import sample

if TYPE_CHECKING:
    from collections.abc import Callable

_ATTRIBUTES = {
    "testsuites": set[str](),
    "testsuite": {"package", "id", "name", "timestamp", "hostname", "tests", "failures", "errors",
                  "skipped", "time"},
    "properties": set[str](),
    "property": {"name", "value"},
    "testcase": {"classname", "name", "time"},
    "failure": {"type", "message"},
    "skipped": set[str](),
    "system-out": set[str](),
    "system-err": set[str](),
}  # fmt: skip
_CHILDREN = {
    "testsuites": "(testsuite )*",
    "testsuite": "properties (testcase )*system-out system-err ",
    "properties": "(property )*",
    "testcase": "(failure |skipped )?",
}
_VALUES = {
    "id": r"\d+",
    "tests": r"\d+",
    "failures": r"\d+",
    "errors": r"\d+",
    "skipped": r"\d+",
    "time": r"\d{1,3}\.\d{3}",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "hostname": r".+",
    "name": r".+",
}


@pytest.fixture(scope="session")
def parsed() -> Callable[[model.Report], ET.Element]:
    """Return what reads a report's XML and holds it against the rules."""

    def parse(report: model.Report) -> ET.Element:
        root = ET.fromstring(junit.render(report, sample.ABOUT).encode())  # noqa: S314 - our own
        assert root.tag == "testsuites"
        for each in root.iter():
            assert set(each.attrib) == _ATTRIBUTES[each.tag], each.tag
            children = "".join(f"{child.tag} " for child in each)
            assert re.fullmatch(_CHILDREN.get(each.tag, ""), children), each.tag
            for name, value in each.attrib.items():
                assert re.fullmatch(_VALUES.get(name, ".*"), value, re.DOTALL), (name, value)
        for number, suite in enumerate(root):
            cases = suite.findall("testcase")
            assert suite.get("id") == str(number)
            assert suite.get("tests") == str(len(cases))
            assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
            assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
        return root

    return parse


def test_a_healthy_lab(parsed: Callable[[model.Report], ET.Element], healthy: model.Report) -> None:
    root = parsed(healthy)
    assert [suite.get("name") for suite in root] == [
        "ansible-01", "k8s-master-01", "k8s-minion-01", "k8s-minion-02",
    ]  # fmt: skip
    assert {suite.get("failures") for suite in root} == {"0"}
    assert len(root.findall("testsuite/testcase")) == len(healthy.results)
    said = {each.get("name"): each.get("value") for each in root[0].iter("property")}
    assert said == {"labkit": "0.1.0", "python": "3.11.2", "system": "Linux x86_64",
                    "provider": "qemu", "task": "verify"}  # fmt: skip


def test_failures(parsed: Callable[[model.Report], ET.Element], broken: model.Report) -> None:
    root = parsed(broken)
    assert [suite.get("failures") for suite in root] == ["2", "0", "6", "1"]
    (zone,) = (case for case in root.iter("testcase") if case.get("name") == "time zone")
    assert zone.get("classname") == "labkit.k8s-manual.k8s-minion-01.time_zone"
    (failure,) = zone
    assert failure.get("type") == "time_zone"
    assert failure.get("message") == "expected Etc/UTC, found Asia/Tokyo"
    assert (failure.text or "").splitlines()[:2] == ["expected: Etc/UTC", "actual: Asia/Tokyo"]
    assert (failure.text or "").splitlines()[2:] == [
        "see: ls -l /etc/localtime; cat /etc/timezone",
        "repair: invoke lab.apply --only k8s-minion-01 --tags time_zone",
        "commands:",
        "timedatectl set-timezone Etc/UTC",
    ]


def test_what_was_left_out_is_skipped(
    parsed: Callable[[model.Report], ET.Element], report: model.Report
) -> None:
    root = parsed(report)
    assert [suite.get("skipped") for suite in root] == ["1", "1", "1"]
    assert [case.get("name") for case in root[2]] == [
        None, "answers", "ansible was left out this time", None, None,
    ]  # fmt: skip


def test_a_second_look_has_names_of_its_own(
    parsed: Callable[[model.Report], ET.Element], report: model.Report
) -> None:
    again = dataclasses.replace(report.results[0], when="after reboot")
    root = parsed(dataclasses.replace(report, results=(report.results[0], again), skipped=()))
    assert [case.get("name") for case in root.iter("testcase")] == [
        "address of web-02", "address of web-02 (after reboot)",
    ]  # fmt: skip


def test_nothing_at_all(parsed: Callable[[model.Report], ET.Element]) -> None:
    assert list(parsed(model.Report("demo", (), 0.0))) == []


def test_what_xml_forbids_is_seen(parsed: Callable[[model.Report], ET.Element]) -> None:
    printed = "\0\x1b[2J\ud800\ufffe ]]> <script> & \x85 \u202e"
    result = model.Result("m", "names", printed, ok=False, expected=printed, actual=printed)
    (case,) = parsed(model.Report("demo", (result,), 0.5)).iter("testcase")
    shown = r"\x00\x1b[2J\ud800\ufffe ]]> <script> & \x85 \u202e"
    assert case.get("name") == shown
    assert case[0].get("message") == f"expected {shown}, found {shown}"


def test_ten_megabytes_are_cut(parsed: Callable[[model.Report], ET.Element]) -> None:
    long = "x" * 10_000_000
    result = model.Result("m", "names", long, ok=False, expected=long, actual=long, by_hand=long,
                          repair=long, commands=(long,) * 100)  # fmt: skip
    root = parsed(model.Report("demo", (result,), 0.5))
    assert len(ET.tostring(root)) < 10_000
