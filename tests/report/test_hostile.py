"""Whatever a machine says, every rendering is a document of its kind, and the text in it is text.

Each rendering is read by a real parser; tests/report/test_browser.py lets a browser do it.
"""

from __future__ import annotations

import dataclasses
import html.parser
import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit import markup
from labkit.report import html as pages
from labkit.report import json as json_report
from labkit.report import junit, mermaid, model, save, standing, topology
from tests.report import sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.plan import model as plans

_PIECES = (
    "<script>alert(1)</script>", "</style>", "]]>", "<![CDATA[", "<!--", "-->", "&lt;", "&#x41;",
    "'", '"', "\0", "\x07", "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\u202e", "\u2066", "\u2028",
    "\ud800", "\ufffe", "\r", "\n", "\t", "{{ 7 * 7 }}", "[red]", "[/]", "\\", "%s", "`", "$(id)",
    "x" * 500, "é", "\U0001f600", "a\u0301", "\udcff",
)  # fmt: skip
_TEXT = st.one_of(
    st.lists(st.sampled_from(_PIECES), min_size=1, max_size=6).map("".join),
    st.text(st.characters(exclude_categories=()), min_size=1, max_size=60),
)


def _report(texts: list[str], *, ok: bool) -> model.Report:
    one, two, three, four, five, six = texts
    result = model.Result(
        "ansible-01", "names", one, ok, two, three, four, five, six, (one, two, three), True
    )
    other = model.Result(one, two, three, not ok, four, five)  # a machine and a check nobody knows
    setting = model.Setting("ansible-01", one, two, three, four, five)
    repair = model.Repair(one, two, three, four, five)
    return model.Report("x", (result, other), 0.5, (six,), (setting,), (repair,), six)


_REPORT = st.lists(_TEXT, min_size=6, max_size=6).flatmap(
    lambda texts: st.sampled_from([_report(texts, ok=True), _report(texts, ok=False)])
)
_property = hypothesis.settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow,
    ],
)  # fmt: skip


class _Tags(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}


def _clean(text: str) -> bool:
    """Say whether nothing in a text would do anything to a terminal, or turn its direction."""
    return markup.printable(text) == text


@hypothesis.given(_REPORT)
@_property
def test_json(report: model.Report) -> None:
    text = json_report.render(report, sample.ABOUT)
    assert text.isascii()
    assert all(each.isprintable() or each == "\n" for each in text)
    document = json.loads(text)
    assert document["results"][0]["subject"] == report.results[0].subject
    assert document["results"][0]["actual"] == report.results[0].actual
    assert document["incomplete"] == report.incomplete


@hypothesis.given(_REPORT)
@_property
def test_junit(report: model.Report) -> None:
    text = junit.render(report, sample.ABOUT)
    assert _clean(text)
    root = ET.fromstring(text.encode())  # noqa: S314 - our own document
    assert {each.tag for each in root.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "skipped",
        "system-out", "system-err",
    }  # fmt: skip
    assert len(root.findall("testsuite/testcase/failure")) == 1


@hypothesis.given(_REPORT)
@_property
def test_html(default_lab: plans.Lab, report: model.Report) -> None:
    text = pages.render(default_lab, report, sample.ABOUT)
    assert _clean(text)
    page = _Tags(text)
    assert page.tags.count("script") == 1
    assert page.tags.count("style") == 2
    assert not {"img", "iframe", "object", "embed", "link", "base"} & set(page.tags)
    assert not [name for name in page.names if name.startswith("on")]


@hypothesis.given(_REPORT)
@_property
def test_text(default_lab: plans.Lab, report: model.Report) -> None:
    text = save.FORMATS[".txt"](default_lab, report, sample.ABOUT)
    assert all(each.isprintable() or each == "\n" for each in text)


@hypothesis.given(_TEXT)
@_property
def test_svg_and_mermaid(default_lab: plans.Lab, text: str) -> None:
    """Names are checked when a lab file is read; a picture does not lean on that."""
    first, *others = default_lab.machines
    odd = dataclasses.replace(first, name=text, image=text, roles=(text,))
    lab = dataclasses.replace(default_lab, name=text, machines=(odd, *others))
    planned = standing.planned(lab)
    planned.machines[text] = standing.Standing(standing.State.FAILED, text)
    drawn = str(topology.render(lab, planned))
    assert _clean(drawn)
    root = ET.fromstring(drawn.encode())  # noqa: S314 - our own document
    space = "{http://www.w3.org/2000/svg}"
    assert {each.tag.removeprefix(space) for each in root.iter()} == {
        "svg", "title", "desc", "style", "rect", "g", "path", "text",
    }  # fmt: skip
    flow = mermaid.render(lab)
    assert len(flow.splitlines()) == len(mermaid.render(default_lab).splitlines())
    assert re.fullmatch(r'[\w .,:/()=\-"#;<>\[\]|\n]*', flow, re.ASCII)
    assert flow.count("<") == flow.count("<br>")


@pytest.mark.parametrize("ending", [*save.FORMATS])
@pytest.mark.parametrize("long", ["x" * 10_000_000, "<\n" * 5_000_000, "\x1b[2J" * 2_500_000])
def test_ten_megabytes(default_lab: plans.Lab, ending: str, long: str) -> None:
    result = model.Result("ansible-01", "names", "x", ok=False, expected="y", actual=long)
    report = model.Report("x", (result,), 0.5)
    made = save.FORMATS[ending](default_lab, report, sample.ABOUT)
    if ending == ".json":  # for programs nothing is cut
        assert json.loads(made)["results"][0]["actual"] == long
    else:
        assert len(made) < 200_000


def test_bytes_that_are_no_text_come_as_something_that_can_be_written(
    default_lab: plans.Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = b"\xff\xfe\x00caf\xe9".decode(errors="surrogateescape")
    report = _report([said] * 6, ok=False)
    folder = tmp_path_factory.mktemp("reports")
    paths = [folder / f"r{ending}" for ending in save.FORMATS]
    save.write(paths, default_lab, report, sample.ABOUT)
    for path in paths:
        text = path.read_bytes().decode()
        assert "\udcff" not in text
        assert "\\udcff" in text


def test_each_rendering_is_tried() -> None:
    tried: dict[str, Callable[..., object]] = {
        ".html": test_html, ".json": test_json, ".xml": test_junit, ".txt": test_text,
    }  # fmt: skip
    assert set(tried) == set(save.FORMATS)
