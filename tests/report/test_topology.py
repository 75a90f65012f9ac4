"""The picture of a lab, and the same as Mermaid text."""

from __future__ import annotations

import dataclasses
import itertools
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from labkit.report import matrix, mermaid, model, standing, topology
from tests.report import sample

if TYPE_CHECKING:
    from labkit.plan import model as plans

_SVG = "{http://www.w3.org/2000/svg}"
_HOSTILE = "</text><script>alert(1)</script>&\"'\x1b\u202e"


def _drawn(lab: plans.Lab, stands: standing.Standings | None = None) -> ET.Element:
    return ET.fromstring(topology.render(lab, stands).encode())  # noqa: S314 - our own document


def _texts(tree: ET.Element) -> list[str]:
    return [each.text or "" for each in tree.iter(f"{_SVG}text")]


def _stands(lab: plans.Lab, report: model.Report) -> standing.Standings:
    return standing.standings(lab, report, matrix.matrices(lab, report.results))


def test_the_plan_alone_is_drawn(default_lab: plans.Lab) -> None:
    texts = _texts(_drawn(default_lab))
    for machine in default_lab.machines:
        assert machine.name in texts
        for nic in machine.nics:
            assert {str(nic.address), nic.mac} <= set(texts)
    assert texts.count("○ as planned") == 4
    assert "nat  10.0.2.0/24  ·  gateway 10.0.2.2 · DNS 10.0.2.3" in texts
    assert "hostonly  192.168.56.0/24" in texts


def test_states_are_words_and_shapes(default_lab: plans.Lab, broken: model.Report) -> None:
    tree = _drawn(default_lab, _stands(default_lab, broken))
    texts = _texts(tree)
    said = [text for text in texts if text.endswith(("failed", "should be"))]
    assert [re.sub("of [0-9]+", "of N", text) for text in said[:1] + said[2:]] == [
        "✗ 2 of N failed", "✗ 6 of N failed", "✗ 1 of N failed",
    ]  # fmt: skip
    assert re.fullmatch("✓ [0-9]+ as it should be", said[1])
    assert "✗ 10 of 12 pairs" in texts
    assert "✗ 192.168.56.63/24" in texts
    shapes = {
        str(group.get("class")): group.findall(f"{_SVG}path")[0].get("d", "")
        for group in tree.findall(f"{_SVG}g")
        if str(group.get("class")).startswith("machine")
    }
    assert shapes["machine failed"].count("L") == 7  # an octagon
    assert shapes["machine good"].count("a") == 2  # a circle


def test_each_machine_stands_for_itself(default_lab: plans.Lab) -> None:
    one, two, three, _ = (machine.name for machine in default_lab.machines)
    results = (
        model.Result(one, "answer", "answers", ok=False, actual="down"),
        model.Result(two, "names", "x", ok=True),
        model.Result(three, "names", "x", ok=False),
    )
    found = _stands(default_lab, model.Report("x", results, 1.0))
    assert [(each.sign, each.text) for each in found.machines.values()] == [
        ("!", "does not answer"),
        ("✓", "1 as it should be"),
        ("✗", "1 of 1 failed"),
        ("?", "not looked at"),
    ]
    assert {each.text for each in found.networks.values()} == {"not looked at"}
    assert len({standing.SIGNS[state] for state in standing.State}) == len(standing.State)


def _boxes(tree: ET.Element) -> list[tuple[float, float, float, float]]:
    return [
        tuple(float(box.get(key, "")) for key in ("x", "y", "width", "height"))  # pyright: ignore[reportReturnType]
        for box in tree.iter(f"{_SVG}rect")
        if box.get("class") == "box"
    ]


@pytest.mark.parametrize("count", [1, 2, 4, 5, 15, 16, 64])
def test_machines_never_overlap_and_stay_inside(default_lab: plans.Lab, count: int) -> None:
    lab, _ = sample.large(count, 0, default_lab)
    tree = _drawn(lab)
    _, _, width, height = map(float, str(tree.get("viewBox")).split())
    boxes = _boxes(tree)
    assert len(boxes) == count
    for x, y, across, down in boxes:
        assert x >= 0
        assert x + across <= width
        assert y >= 0
        assert y + down <= height
    for (ax, ay, aw, ah), (bx, by, bw, bh) in itertools.combinations(boxes, 2):
        assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay


def test_long_names_stay_in_their_boxes(default_lab: plans.Lab) -> None:
    long = dataclasses.replace(default_lab.machines[0], name="x" * 63)
    (name,) = (t for t in _texts(_drawn(dataclasses.replace(default_lab, machines=(long,))))
               if t.startswith("xxx"))  # fmt: skip
    assert re.fullmatch("x{15,30}…", name)


def test_nothing_is_fetched_and_nothing_runs(default_lab: plans.Lab) -> None:
    text = topology.render(default_lab)
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|\son\w+=|url\(|@import|href", text)
    assert not set("&<\"'\t\n\r") & set(topology.style())


def test_hostile_names_are_text(default_lab: plans.Lab) -> None:
    machine = dataclasses.replace(default_lab.machines[0], name=_HOSTILE, image=_HOSTILE)
    lab = dataclasses.replace(default_lab, name=_HOSTILE, machines=(machine,))
    tree = _drawn(lab)
    assert list(tree.iter(f"{_SVG}script")) == []
    assert _HOSTILE[:9] in "".join(_texts(tree))
    drawn = mermaid.render(lab)
    assert drawn.isascii()
    assert not re.search(r"<(?!br>)|script>|&", drawn)
    assert drawn.count("\n") == len(drawn.splitlines())


def test_mermaid(default_lab: plans.Lab) -> None:
    lab = dataclasses.replace(default_lab, machines=default_lab.machines[:1])
    assert mermaid.render(lab) == (
        "flowchart TB\n"
        '    net_nat(["nat 10.0.2.0/24<br>gateway 10.0.2.2"])\n'
        '    net_hostonly(["hostonly 192.168.56.0/24"])\n'
        '    machine_0["ansible-01<br>ansible<br>debian-12<br>1 CPU, 512 MiB, 4 GiB"]\n'
        '    net_nat ---|"10.0.2.51<br>46:45:a7:45:76:30"| machine_0\n'
        '    machine_0 ---|"192.168.56.51<br>22:35:9e:8a:30:56"| net_hostonly\n'
    )
