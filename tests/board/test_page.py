"""The board in a real browser, with 200 students, on a phone and on a projector."""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from typing import TYPE_CHECKING

import pytest

from labkit.board import page, roll, server
from labkit.events import standing
from tests.board import desks
from tests.report import browser

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator, Sequence

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "\u202eevil\x1b[31m",
    "=cmd|' /C calc'!A0",
    "山田 太郎",
)
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_SHOWN = "document.getElementById('shown').textContent"
needs_chromium = pytest.mark.skipif(not browser.PROGRAM, reason="chromium is not installed")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Sequence[roll.Row]:
    folder = tmp_path_factory.mktemp("desks")
    one = desks.desk(folder, "one")
    found: list[roll.Row] = []
    for number in range(200):
        display = HOSTILE[number] if number < len(HOSTILE) else f"Student {number}"
        state = standing.STATES[number % len(standing.STATES)]
        first = f"web-01 file: {HOSTILE[0]} /etc/motd" if state == "broken" else ""
        now = standing.Standing(state, 1_700_000_000, "", first, 1, 90, 1_700_000_060 + number)
        desk = dataclasses.replace(
            one, student=f"s{number:03}", display=display, lab=f"k8s--s{number:03}"
        )
        found.append(roll.Row(desk, now, "events 3 to 4 were taken away" if number == 7 else ""))
    return found


@pytest.fixture(scope="module")
def chromium() -> Generator[browser.Browser]:
    with browser.start() as started:
        yield started


@pytest.fixture
def opened(
    chromium: browser.Browser, rows: Sequence[roll.Row], tmp_path: pathlib.Path
) -> browser.Browser:
    file = tmp_path / "index.html"
    file.write_text(page.render("k8s", rows, made=1_700_000_100, live=False), encoding="utf-8")
    chromium.size(1280, 900)
    chromium.dark(wanted=False)
    chromium.open(file)
    return chromium


def test_what_it_says(rows: Sequence[roll.Row]) -> None:
    text = page.render("k8s", rows, made=1_700_000_100, live=False)
    assert "<img" not in text
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "山田 太郎" in text
    assert text.count("<tr class=") == 200
    assert "33 of 200 verified" in text
    assert "events: events 3 to 4 were taken away" in text
    assert re.search(r'<time datetime="2023-11-14T22:13:20Z">2023-11-14 22:13:20 UTC</time>', text)
    assert "data-live" not in text
    assert 'data-live="yes"' in page.render("k8s", rows, made=1, live=True)
    # Those who need a teacher come first.
    states = re.findall(r'<tr class="(\w+)"', text)
    assert states == sorted(states, key=standing.STATES.index)


def test_a_time_that_no_calendar_has(rows: Sequence[roll.Row]) -> None:
    odd = dataclasses.replace(rows[0].standing, since=1 << 40)
    text = page.render("k8s", [dataclasses.replace(rows[0], standing=odd)], made=1, live=False)
    assert '<time datetime="?">?</time>' in text


@pytest.mark.e2e
@needs_chromium
def test_nothing_complains_and_the_filters_work(opened: browser.Browser) -> None:
    assert opened.complaints() == []
    assert len(opened.requests()) == 1
    assert opened.run(_SHOWN) == "200 of 200 shown"
    opened.run("document.querySelector('.counts button.broken').click()")
    assert opened.run(_SHOWN) == "35 of 200 shown"
    assert opened.run("document.querySelector('.counts .broken').getAttribute('aria-pressed')") == (
        "true"
    )
    opened.run(
        "(() => { const field = document.getElementById('text'); field.value = 'taken AWAY';"
        " field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    assert opened.run(_SHOWN) == "1 of 200 shown"
    opened.run("document.querySelector('.counts button.broken').click()")
    assert opened.run(_SHOWN) == "1 of 200 shown"


@pytest.mark.e2e
@needs_chromium
@pytest.mark.parametrize(
    ("width", "height", "phone"), [(360, 740, True), (1280, 800, False), (3840, 2160, False)]
)
def test_it_fits(opened: browser.Browser, width: int, height: int, phone: bool) -> None:
    opened.size(width, height, phone=phone)
    assert opened.run(_OVERFLOW) <= 0
    size = float(opened.run("parseFloat(getComputedStyle(document.querySelector('td')).fontSize)"))
    assert size >= (18 if width > 3000 else 13)


@pytest.mark.e2e
@needs_chromium
def test_it_is_renewed_by_a_server(chromium: browser.Browser, tmp_path: pathlib.Path) -> None:
    desk, space = desks.desk(tmp_path, "ann"), desks.space(tmp_path, "ann")
    desks.up(space, "/etc/motd")
    labs = roll.Roll([desk], tmp_path / "store")
    with server.Server(("127.0.0.1", 0), "k8s", labs, "word", lambda _: None) as board:
        thread = threading.Thread(target=board.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        chromium.size(1280, 900)
        chromium.events.clear()
        chromium.call("Page.navigate", url=f"http://127.0.0.1:{board.server_port}/?token=word")
        _until(
            chromium, "document.readyState === 'complete' && !!document.querySelector('.broken')"
        )
        assert chromium.run("location.search") == "", "the token is not in the address any more"
        desks.up(space)
        chromium.run("renew()")
        _until(chromium, "!!document.querySelector('tr.verified')")
        assert chromium.run("document.cookie") == "", "no script sees the token"
        board.shutdown()
        thread.join()
    chromium.run("renew()")
    _until(chromium, "!document.getElementById('stale').hidden")


def _until(chromium: browser.Browser, condition: str) -> None:
    deadline = time.monotonic() + 60
    while not chromium.run(f"Boolean({condition})"):
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)
