"""The page of a report in a real browser: nothing complains, nothing leaves it, all of it works."""

from __future__ import annotations

import dataclasses
import re
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from labkit.report import html, model
from tests.report import browser, sample

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Generator

    from labkit.plan import model as plans

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not browser.PROGRAM, reason="chromium is not installed"),
]

# For each text that is drawn: its colour's contrast with what is behind it (WCAG 2.2, 1.4.3).
_CONTRASTS = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const part = (c) => (c /= 255, c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  const behind = (element) => {
    const box = element.closest("svg g")?.querySelector("rect.box, rect:not(.plug)");
    if (element instanceof SVGElement) {
      const shape = element.classList.contains("sign") && element.previousElementSibling;
      const fill = shape && getComputedStyle(shape).fill;
      if (fill && fill !== "none") return rgb(fill);
      const ground = element.closest("svg").querySelector(".ground");
      const inCard = element.closest(".card");
      return rgb(getComputedStyle(inCard || !box ? ground : box).fill); }
    for (let at = element; at; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor);
      if (found[3] === 255) return found; }
    return [255, 255, 255, 255]; };
  const found = {};
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || element.closest("script, style, title, desc")) continue;
    if (!element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = light(rgb(element instanceof SVGElement ? style.fill : style.color));
    const paper = light(behind(element));
    const ratio = (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
    if (ratio < 4.5) found[walk.currentNode.data.trim().slice(0, 30)] = ratio.toFixed(2);
  }
  return found;
})()
"""
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_SHOWN = "document.getElementById('shown').textContent"
_VISIBLE = "[...document.querySelectorAll('.item')].filter((each) => each.checkVisibility()).length"


@pytest.fixture(scope="module")
def chromium() -> Generator[browser.Browser]:
    with browser.start() as started:
        yield started


@pytest.fixture
def opened(
    chromium: browser.Browser,
    default_lab: plans.Lab,
    broken: model.Report,
    tmp_path: pathlib.Path,
) -> browser.Browser:
    """Return the browser with the report of a broken lab."""
    return _open(chromium, default_lab, broken, tmp_path)


def _open(
    chromium: browser.Browser, lab: plans.Lab, report: model.Report, folder: pathlib.Path
) -> browser.Browser:
    file = folder / "report.html"
    file.write_text(html.render(lab, report, sample.ABOUT), encoding="utf-8")
    chromium.size(1280, 900)
    chromium.dark(wanted=False)
    chromium.open(file)
    return chromium


def _set(page: browser.Browser, **values: str) -> str:
    for name, value in values.items():
        page.run(
            f"(() => {{ const field = document.getElementById('{name}'); field.value = '{value}';"
            " field.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )
    return str(page.run(_SHOWN))


def test_nothing_complains_and_nothing_leaves(opened: browser.Browser) -> None:
    assert opened.complaints() == []
    (address,) = opened.requests()
    assert address.startswith("file://")


def test_the_policy_forbids_what_is_not_ours(opened: browser.Browser) -> None:
    opened.run(
        "(() => { const image = new Image(); image.src = 'http://127.0.0.1:9/x.png';"
        " document.body.append(image);"
        " const script = document.createElement('script'); script.text = 'window.planted = 1';"
        " document.body.append(script); })()"
    )
    refused = opened.run("fetch('http://127.0.0.1:9/').then(() => 'went', () => 'refused')")
    assert refused == "refused"
    assert opened.run("typeof window.planted") == "undefined"
    said = " ".join(str(each) for each in opened.complaints())
    for directive in ("connect-src", "img-src", "script-src"):
        assert directive in said
    # What the browser was asked for and refused to ask for itself has no answer from a network.
    assert opened.named("Network.responseReceived")[1:] == []


def test_the_filter(opened: browser.Browser, broken: model.Report) -> None:
    total, failed = len(broken.results), len(broken.failures)
    assert opened.run(_SHOWN) == f"{total} of {total} shown"
    assert opened.run("document.getElementById('shown').getAttribute('role')") == "status"
    opened.run("document.getElementById('only-failed').click()")
    assert opened.run(_SHOWN) == f"{failed} of {total} shown"
    assert opened.run(_VISIBLE) == failed
    assert _set(opened, machine="k8s-minion-01") == f"6 of {total} shown"
    assert _set(opened, check="reach") == f"3 of {total} shown"
    assert _set(opened, text="tcp  MINION") == f"1 of {total} shown"
    assert opened.run(_VISIBLE) == 1
    assert _set(opened, text="nothing like it") == f"0 of {total} shown"
    opened.run("document.querySelector('#filter button').click()")
    opened.run("new Promise((done) => setTimeout(done, 20))")
    assert opened.run(_SHOWN) == f"{total} of {total} shown"
    assert opened.run(_VISIBLE) == total


def test_a_cell_of_the_overview_filters(opened: browser.Browser, broken: model.Report) -> None:
    opened.run("document.querySelector('a[data-machine=ansible-01][data-check=reach]').click()")
    wanted = [
        each for each in broken.results if (each.machine, each.check) == ("ansible-01", "reach")
    ]
    assert opened.run(_SHOWN) == f"{len(wanted)} of {len(broken.results)} shown"
    assert opened.run("document.activeElement.id") == "machine"


@pytest.mark.parametrize(("width", "phone"), [(1300, False), (390, True)])
def test_the_overview_needs_no_scrolling_sideways(
    opened: browser.Browser, width: int, phone: bool
) -> None:
    opened.size(width, 800, phone=phone)
    over = opened.run(
        "(({scrollWidth, clientWidth}) => scrollWidth - clientWidth)"
        "(document.querySelector('#overview .wide'))"
    )
    assert over == 0


def test_links_lead_to_what_can_be_seen(opened: browser.Browser) -> None:
    _set(opened, text="nothing like it")
    opened.run("document.querySelector('.failures a').click()")
    target = opened.run("document.querySelector(':target').id")
    assert opened.run(f"document.getElementById('{target}').checkVisibility()") is True
    broken = opened.run(
        "[...document.querySelectorAll('a')].filter((link) =>"
        " !link.hash || !document.getElementById(link.hash.slice(1))).length"
    )
    assert broken == 0


def test_without_scripts_it_is_a_full_list(
    opened: browser.Browser, broken: model.Report, tmp_path: pathlib.Path
) -> None:
    opened.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        opened.open(tmp_path / "report.html", scripts=False)
        assert opened.run("document.getElementById('filter').checkVisibility()") is False
        assert opened.run(_VISIBLE) == len(broken.results)
    finally:
        opened.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_each_text_can_be_read(  # noqa: PLR0917 - fixtures
    chromium: browser.Browser,
    default_lab: plans.Lab,
    healthy: model.Report,
    broken: model.Report,
    tmp_path: pathlib.Path,
    dark: bool,
) -> None:
    down = model.Result("k8s-minion-02", "answer", "answers", ok=False, actual="down")
    silent = model.Report("x", (down,), 1.0, ("ansible",))
    for report in (healthy, broken, silent):
        page = _open(chromium, default_lab, report, tmp_path)
        page.dark(wanted=dark)
        page.run("document.querySelector('details').open = true")
        assert page.run(_CONTRASTS) == {}
        ground = page.run("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 200) is dark


@pytest.mark.parametrize("width", [320, 400, 800, 1280, 1920])
def test_the_page_fits_every_window(opened: browser.Browser, width: int) -> None:
    opened.size(width, 900, phone=width < 500)
    assert opened.run(_OVERFLOW) == 0


def test_the_keyboard_reaches_everything(opened: browser.Browser) -> None:
    opened.press("Tab", 9)
    assert opened.run("document.activeElement.className") == "skip"
    assert opened.run("document.activeElement.getBoundingClientRect().left >= 0") is True
    opened.press("Enter", 13)
    assert opened.run("location.hash") == "#results"
    seen: list[str] = []
    for _ in range(5):
        opened.press("Tab", 9)
        seen.append(opened.run("document.activeElement.id"))
        assert opened.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert seen[:4] == ["only-failed", "machine", "check", "text"]


def test_screen_readers_find_their_way(opened: browser.Browser) -> None:
    opened.call("Accessibility.enable")
    nodes: list[dict[str, Any]] = opened.call("Accessibility.getFullAXTree")["nodes"]
    named = {
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"]
    }
    roles = {role for role, _ in named}
    assert {"banner", "main", "navigation", "search", "status", "table", "article"} <= roles
    assert ("image", "Lab k8s-manual: 4 machines and their networks") in named
    for name in ("Networks and machines", "Overview", "Who reaches whom", "Results", "This run"):
        assert ("region", name) in named
    nameless = {"checkbox", "combobox", "searchbox", "button", "link", "table", "region"}
    assert [each for each in named if each[0] in nameless and not each[1]] == []


def test_print(opened: browser.Browser, broken: model.Report) -> None:
    sheets = opened.paper()
    assert sheets.startswith(b"%PDF-")
    pages = len(re.findall(rb"/Type\s*/Page\b", sheets))
    assert 3 <= pages <= 12
    opened.call("Emulation.setEmulatedMedia", media="print")
    opened.size(700, 900)
    try:
        assert opened.run(_OVERFLOW) == 0
        assert opened.run(_VISIBLE) == len(broken.results)
        assert opened.run("document.querySelector('nav').checkVisibility()") is False
    finally:
        opened.call("Emulation.setEmulatedMedia", media="")


def test_a_screenshot_shows_something(opened: browser.Browser) -> None:
    picture = opened.picture()
    assert picture.startswith(b"\x89PNG")
    assert len(zlib.compress(picture)) > 20_000  # an empty page takes a tenth of that


def test_hostile_texts_run_nothing(
    chromium: browser.Browser, default_lab: plans.Lab, tmp_path: pathlib.Path
) -> None:
    texts = (
        "<script>window.planted = 1</script>",
        "</style></script><img src=x onerror='window.planted = 1'>",
        "\" autofocus onfocus='window.planted = 1' x=\"",
        "\0\x1b[2J\u202ejavascript:window.planted=1",
        "<!--<script>",
        "{{ 7 * 7 }}{% raw %}",
    )
    results = tuple(
        model.Result(
            "ansible-01", "names", text, ok, text, f"{text}\n{text}", text, text, "", (text,)
        )
        for text in texts
        for ok in (True, False)
    )
    settings = tuple(model.Setting("ansible-01", each, each, each, f"{each}!") for each in texts)
    repairs = tuple(model.Repair("ansible-01", each, each, each, each) for each in texts)
    report = model.Report("x", results, 1.0, texts, settings, repairs, texts[0])
    page = _open(chromium, default_lab, report, tmp_path)
    assert page.run("typeof window.planted") == "undefined"
    assert page.complaints() == []
    assert len(page.requests()) == 1
    shown: str = page.run("document.body.innerText")
    for text in texts[:3] + texts[4:]:
        assert shown.count(text) >= 6
    assert page.run(_OVERFLOW) == 0


@pytest.fixture
def large(default_lab: plans.Lab, tmp_path: pathlib.Path) -> pathlib.Path:
    lab, report = sample.large(64, 10_000, default_lab)
    file = tmp_path / "large.html"
    file.write_text(html.render(lab, report, sample.ABOUT), encoding="utf-8")
    return file


def test_sixty_four_machines_and_ten_thousand_results(
    chromium: browser.Browser, large: pathlib.Path, record_property: Callable[[str, object], None]
) -> None:
    chromium.size(1280, 900)
    took = chromium.open(large)
    record_property("seconds to load", round(took, 2))
    assert took < 60  # under one second where nothing else runs
    assert chromium.complaints() == []
    assert chromium.run(_OVERFLOW) == 0
    filtered: float = chromium.run(
        "(() => { const start = performance.now();"
        " document.getElementById('only-failed').click(); document.body.offsetHeight;"
        " return performance.now() - start; })()"
    )
    assert filtered < 10_000
    assert chromium.run(_SHOWN) == "63 of 10000 shown"


def test_ten_thousand_failures(
    chromium: browser.Browser, default_lab: plans.Lab, tmp_path: pathlib.Path
) -> None:
    lab, report = sample.large(64, 10_000, default_lab)
    wrong = (dataclasses.replace(each, ok=False, by_hand="look") for each in report.results)
    file = tmp_path / "wrong.html"
    whole = dataclasses.replace(report, results=tuple(wrong))
    file.write_text(html.render(lab, whole, sample.ABOUT), encoding="utf-8")
    assert chromium.open(file) < 60  # under two seconds where nothing else runs
    assert chromium.run(_SHOWN) == "10000 of 10000 shown"
    assert chromium.complaints() == []
