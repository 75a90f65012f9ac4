"""The page of a report, as its text; tests/report/test_browser.py looks at it in a browser."""

from __future__ import annotations

import dataclasses
import html.parser
import itertools
import re
import time
from typing import TYPE_CHECKING

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit import markup, secret
from labkit.report import html as pages
from labkit.report import model
from labkit.report.element import element
from tests.report import sample

if TYPE_CHECKING:
    from labkit.plan import model as plans

_EMPTY = frozenset({"meta", "link", "br", "input", "path", "rect"})
_HOSTILE = "\0\x1b[2J\u202e</pre></script><script>alert(1)</script><img src=x onerror=y>'\"&amp;"


class _Page(html.parser.HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [given for tag, given in self.tags if tag == name]


def _page(lab: plans.Lab, report: model.Report) -> _Page:
    return _Page(pages.render(lab, report, sample.ABOUT))


def test_everything_is_on_it(default_lab: plans.Lab, broken: model.Report) -> None:
    page = _page(default_lab, broken)
    assert f"{len(broken.failures)} of {len(broken.results)} failed" in page.text
    for result in broken.results:
        assert result.subject in page.text
        for line in f"{result.expected}\n{result.actual}".split("\n") if not result.ok else ():
            assert line in page.text or result.check == "hosts"
    for setting in broken.settings:
        assert setting.runtime in page.text
    for said in ("2026-01-31 09:30:00 UTC", "0.1.0", "3.11.2", "Linux x86_64", "3.8 s"):
        assert said in page.text


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ((), "Nothing was looked at"),
        ((model.Result("ansible-01", "x", "y", ok=True),), "All 1 as it should be"),
        ((model.Result("ansible-01", "x", "y", ok=False),), "1 of 1 failed"),
    ],
)
def test_verdicts(default_lab: plans.Lab, results: tuple[model.Result, ...], verdict: str) -> None:
    page = _page(default_lab, model.Report("x", results, 1.0))
    assert verdict in page.text
    good = "as it should be" in verdict
    assert page.all("header")[0]["class"] == ("good" if good else "failed")


def test_links_lead_to_what_is_there(default_lab: plans.Lab, broken: model.Report) -> None:
    page = _page(default_lab, broken)
    ids = [given["id"] for _, given in page.tags if "id" in given]
    assert len(ids) == len(set(ids))
    targets = [str(given["href"]) for given in page.all("a")]
    assert len(targets) > 50
    assert [target for target in targets if target[:1] != "#" or target[1:] not in ids] == []
    for _, given in page.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(str(given[name]).split()) <= set(map(str, ids)) if name in given else True


def test_nothing_is_fetched(default_lab: plans.Lab, broken: model.Report) -> None:
    text = pages.render(default_lab, broken, sample.ABOUT)
    page = _Page(text)
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"url\(|@import|fetch\(|XMLHttp|WebSocket|innerHTML|\bsrc=", text)
    for tag, given in page.tags:
        assert tag not in {"img", "link", "iframe", "object", "base"}
        assert not [name for name in given if name.startswith("on") or name == "style"]
    (policy,) = (given for given in page.all("meta") if "http-equiv" in given)
    assert policy["http-equiv"] == "Content-Security-Policy"
    parts = str(policy["content"]).split("; ")
    assert [re.sub(r"'sha256-[\w+/=]+'", "DIGEST", part) for part in parts] == [
        "default-src 'none'", "style-src DIGEST DIGEST", "script-src DIGEST",
        "base-uri 'none'", "form-action 'none'",
    ]  # fmt: skip


def test_tables_have_captions_and_heads(default_lab: plans.Lab, broken: model.Report) -> None:
    page = _page(default_lab, broken)
    assert len(page.all("table")) == len(page.all("caption")) == 8
    assert {given.get("scope") for given in page.all("th")} == {"row", "col"}
    for landmark in ("header", "nav", "main"):
        assert len(page.all(landmark)) == 1
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def _hostile(text: str) -> model.Report:
    result = model.Result(
        "ansible-01", "names", text, False, text, f"{text}\n{text}", text, text, text, (text,)
    )
    good = dataclasses.replace(result, ok=True, expected=f"{text}\n{text}")
    setting = model.Setting("ansible-01", text, text, f"{text}x", text, text)
    repair = model.Repair("ansible-01", "names", text, text, text)
    return model.Report("demo", (result, good), 0.5, (text,), (setting,), (repair,), text)


def test_hostile_texts_are_only_text(default_lab: plans.Lab) -> None:
    page = _page(default_lab, _hostile(_HOSTILE))
    plain = _page(default_lab, _hostile("plain"))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert page.text.count(markup.printable(_HOSTILE)) == plain.text.count("plain")
    assert page.text.count(r"\x00\x1b[2J\u202e</pre></script><script>alert(1)") > 10


@hypothesis.given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=40))
@hypothesis.settings(max_examples=40, deadline=None)
def test_no_text_becomes_a_tag(default_lab: plans.Lab, text: str) -> None:
    tags = [tag for tag, _ in _page(default_lab, _hostile(f"{text}x")).tags]
    several = "\n" in text
    plain = _page(default_lab, _hostile("plain\nx" if several else "plain"))
    ours = {"del", "ins", "span", "pre", "div", "dt", "dd", "br"}
    assert [tag for tag in tags if tag not in ours] == [
        tag for tag, _ in plain.tags if tag not in ours
    ]


def test_ten_megabytes_are_cut(default_lab: plans.Lab) -> None:
    start = time.monotonic()
    for long in ("x" * 10_000_000, "<\n" * 5_000_000):
        assert len(pages.render(default_lab, _hostile(long), sample.ABOUT)) < 250_000
    assert time.monotonic() - start < 60


def test_a_secret_is_never_written() -> None:
    with pytest.raises(TypeError, match="a secret must be revealed"):
        element("p", secret.Secret("planted"))


def test_sixty_four_machines_and_ten_thousand_results(default_lab: plans.Lab) -> None:
    lab, report = sample.large(64, 10_000, default_lab)
    start = time.monotonic()
    text = pages.render(lab, report, sample.ABOUT)
    assert time.monotonic() - start < 60
    assert len(text) < 4_000_000
    page = _Page(text)
    assert sum("item" in str(given.get("class")).split() for _, given in page.tags) == 10_000
    assert "63 of 10000 failed" in page.text


def test_ssh_is_where_the_provider_has_it(default_lab: plans.Lab, broken: model.Report) -> None:
    assert "127.0.0.1:30777" in _page(default_lab, broken).text
    elsewhere = dataclasses.replace(default_lab, provider="libvirt")
    text = _page(elsewhere, broken).text
    assert "10.0.2.51:22" in text
    assert "127.0.0.1:" not in text
