from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from bench import drawing, figures, measure


def pair(first: float, again: float, *, execs: float = 1, cpu: float = 0.1) -> measure.Pair:
    return measure.Pair(
        measure.Run(first, 2 * cpu, execs + 1, 1, 13), measure.Run(again, cpu, execs, 1, 8)
    )


def found() -> figures.Found:
    near: dict[int, figures.Runs] = {
        4: {
            "labkit": [pair(0.6, 0.5), pair(0.5, 0.4), pair(0.7, 0.3)],
            "OpenSSH": [pair(0.4, 0.25)],
            "pyinfra": [pair(1.0, 1.6, execs=24)],
            "ansible-core": [pair(9.0, 8.0, execs=20)],
        },
        64: {"labkit": [pair(4.0, 2.0, cpu=0.64)], "pyinfra": []},
    }
    far = {"labkit": figures.Far([pair(0.2, 0.1)], [pair(2.2, 1.5)])}
    return figures.Found(near, far, "Made by a test.", 0.2)


def test_the_page_says_what_was_reached() -> None:
    lines = figures.page(found()).splitlines()
    assert lines[:3] == [
        "<!-- Written by './lab bench converge'; do not edit. -->",
        "",
        "Made by a test.",
    ]
    floor = "time of one cold OpenSSH connection"
    table = [line for line in lines if line.startswith("| ")]
    assert table == [
        "| | machines | reached | aim | |",
        "| --- | --- | --- | --- | --- |",
        "| nothing to change: faster than pyinfra | 4 | 4x | at least 4x | yes |",
        "| nothing to change: faster than ansible-core | 4 | 20x | at least 18x | yes |",
        f"| nothing to change: {floor} | 4 | 1.6x | at most 1.3x | **no** |",
        "| nothing to change: execs a machine | 4 | 1 | at most 1 | yes |",
        "| nothing to change: execs a machine | 64 | 1 | at most 1 | yes |",
        "| first run: execs a machine | 4 | 2 | at most 3 | yes |",
        "| first run: faster than pyinfra | 4 | 1.67x | at least 2x | **no** |",
        "| first run: execs a machine | 64 | 2 | at most 3 | yes |",
        "| nothing to change: controller CPU a machine | 64 | 10 ms | at most 12 ms | yes |",
        "| nothing to change: round trips, connect included | 1 | 7 | at most 7 | yes |",
        "| machines | tool | runs | first | again | CPU a machine, again | execs, both |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| 4 | labkit | 3 | 0.60 s | 0.40 s | 25.0 ms | 2 / 1 |",
        "| 4 | OpenSSH | 1 | 0.40 s | 0.25 s | 25.0 ms | 2 / 1 |",
        "| 4 | pyinfra | 1 | 1.00 s | 1.60 s | 25.0 ms | 25 / 24 |",
        "| 4 | ansible-core | 1 | 9.00 s | 8.00 s | 25.0 ms | 21 / 20 |",
        "| 64 | labkit | 1 | 4.00 s | 2.00 s | 10.0 ms | 2 / 1 |",
        "| tool | runs | first | again | round trips, first / again | turns, first / again |",
        "| --- | --- | --- | --- | --- | --- |",
        "| labkit | 1 | 2.20 s | 1.50 s | 10.0 / 7.0 | 13 / 8 |",
    ]


def test_the_picture_has_a_bar_for_each_tool_that_ran() -> None:
    picture = figures.plot(found())
    root = ET.fromstring(picture)  # noqa: S314 - our own
    bars = [each for each in root.iter("{http://www.w3.org/2000/svg}rect") if "x" in each.attrib]
    assert len(bars) == 5
    words = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"4 machines", "64 machines", "0.40 labkit", "8.00 ansible-core"} <= set(words)


def test_bars_grow_with_the_logarithm() -> None:
    picture = drawing.bars("<title>", {"a": {"one": 1.0, "ten": 10.0, "hundred": 90.0}})
    root = ET.fromstring(picture)  # noqa: S314 - our own
    bars = [each for each in root.iter("{http://www.w3.org/2000/svg}rect") if "x" in each.attrib]
    one, ten, hundred = (float(bar.attrib["width"]) for bar in bars)
    assert one == 0
    assert hundred / ten == pytest.approx(1.954, abs=0.01)
